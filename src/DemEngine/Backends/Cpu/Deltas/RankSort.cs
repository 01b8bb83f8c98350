using DemEngine.Numerics.Deltas;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Ranks of keys: how many are smaller, or equal and of a higher index. By a radix sort from the lowest digit, which keeps equal keys in the
/// order in which they come, here from the last to the first.
/// </summary>
internal sealed class RankSort
{
    private const int DigitBits = 11;
    private const int Digits = 3;
    private const int Buckets = 1 << DigitBits;

    private readonly uint[] _starts = new uint[Digits * Buckets];
    private uint[] _from = [];
    private uint[] _to = [];

    /// <summary>Ranks a row.</summary>
    /// <param name="keys">See <see cref="DeltaKey"/>.</param>
    /// <param name="ranks">One for each key.</param>
    public void Run(ReadOnlySpan<uint> keys, Span<uint> ranks)
    {
        int count = keys.Length;
        if (_from.Length < count)
        {
            _from = new uint[count];
            _to = new uint[count];
        }

        CountDigits(keys);
        for (int i = 0; i < count; i++)
            _from[i] = (uint)(count - 1 - i);
        for (int digit = 0; digit < Digits; digit++)
        {
            Span<uint> starts = _starts.AsSpan(digit * Buckets, Buckets);
            for (int i = 0; i < count; i++)
            {
                uint index = _from[i];
                _to[starts[Digit(keys[(int)index], digit)]++] = index;
            }

            (_from, _to) = (_to, _from);
        }

        for (int i = 0; i < count; i++)
            ranks[(int)_from[i]] = (uint)i;
    }

    /// <summary>Where each digit's keys start in the sorted order.</summary>
    private void CountDigits(ReadOnlySpan<uint> keys)
    {
        Array.Clear(_starts);
        foreach (uint key in keys)
        {
            for (int digit = 0; digit < Digits; digit++)
                _starts[(digit * Buckets) + Digit(key, digit)]++;
        }

        for (int digit = 0; digit < Digits; digit++)
        {
            uint sum = 0;
            foreach (ref uint start in _starts.AsSpan(digit * Buckets, Buckets))
                (start, sum) = (sum, sum + start);
        }
    }

    private static int Digit(uint key, int digit) => (int)((key >> (digit * DigitBits)) & (Buckets - 1));
}
