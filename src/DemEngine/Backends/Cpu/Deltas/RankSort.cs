using DemEngine.Numerics.Deltas;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Computes ranks of keys: the number of keys that are smaller, or equal and of a higher index. A radix sort from the lowest
/// digit keeps equal keys in the order in which they come, here from the last to the first. A key travels with its index, so that
/// every pass reads in order. Digits are short enough that the places written to stay in the first-level cache.
/// </summary>
internal sealed class RankSort
{
    private const int DigitBits = 8;
    private const int Digits = 4;
    private const int Buckets = 1 << DigitBits;

    private readonly int[] _starts = new int[Digits * Buckets];
    private ulong[] _from = [];
    private ulong[] _to = [];

    /// <summary>Ranks a row.</summary>
    /// <param name="keys">Keys of the row; see <see cref="DeltaKey"/>.</param>
    /// <param name="ranks">Receives the rank of each key.</param>
    public void Run(ReadOnlySpan<uint> keys, Span<uint> ranks)
    {
        int count = keys.Length;
        if (_from.Length < count)
        {
            _from = new ulong[count];
            _to = new ulong[count];
        }

        CountDigits(keys);
        for (int i = 0; i < count; i++)
            _from[count - 1 - i] = ((ulong)keys[i] << 32) | (uint)i;
        for (int digit = 0; digit < Digits; digit++)
        {
            Span<int> starts = _starts.AsSpan(digit * Buckets, Buckets);
            if (AllShareOne(starts, count))
                continue;
            Scatter(_from.AsSpan(0, count), 32 + (digit * DigitBits), starts, _to);
            (_from, _to) = (_to, _from);
        }

        ReadOnlySpan<ulong> sorted = _from.AsSpan(0, count);
        for (int i = 0; i < sorted.Length; i++)
            ranks[(int)(uint)sorted[i]] = (uint)i;
    }

    private static void Scatter(ReadOnlySpan<ulong> from, int shift, Span<int> starts, Span<ulong> to)
    {
        foreach (ulong item in from)
            to[starts[(int)(item >> shift) & (Buckets - 1)]++] = item;
    }

    /// <summary>
    /// Whether a digit is the same in all keys, which are then in order by it already. The starts must still be where counting
    /// left them.
    /// </summary>
    private static bool AllShareOne(ReadOnlySpan<int> starts, int count)
    {
        // With all keys in one bucket, those up to it start at 0 and those after it at the end.
        int last = starts.LastIndexOf(0);
        return last == Buckets - 1 || starts[last + 1] == count;
    }

    /// <summary>Computes the position in the sorted order where each digit's keys start.</summary>
    private void CountDigits(ReadOnlySpan<uint> keys)
    {
        Array.Clear(_starts);
        foreach (uint key in keys)
        {
            _starts[key & 0xFF]++;
            _starts[Buckets + ((key >> 8) & 0xFF)]++;
            _starts[(2 * Buckets) + ((key >> 16) & 0xFF)]++;
            _starts[(3 * Buckets) + (key >> 24)]++;
        }

        for (int digit = 0; digit < Digits; digit++)
        {
            int sum = 0;
            foreach (ref int start in _starts.AsSpan(digit * Buckets, Buckets))
                (start, sum) = (sum, sum + start);
        }
    }
}
