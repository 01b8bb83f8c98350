using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// Rotary position embedding in Hugging Face's layout: element i of a head's first half and element i of its second half are a
/// pair, which position p rotates by the angle p·θ^(−2i/d) (Su et al., "RoFormer", https://arxiv.org/abs/2104.09864, section
/// 3.2.2).
/// </summary>
internal sealed class RotaryTable
{
    private readonly int _half;
    private readonly float[] _cosines;
    private readonly float[] _sines;

    /// <param name="config">Configuration of the model.</param>
    /// <param name="positions">Number of positions, from 0.</param>
    public RotaryTable(LlamaConfig config, int positions)
    {
        _half = config.HeadSize / 2;
        _cosines = new float[positions * _half];
        _sines = new float[positions * _half];
        for (int i = 0; i < _half; i++)
        {
            double frequency = Math.Pow(config.RopeTheta, -2.0 * i / config.HeadSize);
            frequency = config.Scaling?.Of(frequency) ?? frequency;
            for (int position = 0; position < positions; position++)
                (_sines[(position * _half) + i], _cosines[(position * _half) + i]) = Single(Math.SinCos(position * frequency));
        }
    }

    /// <summary>Rotates all heads of a row back in place: the transpose of <see cref="Apply"/>.</summary>
    public void Undo(Span<float> row, int position)
    {
        ReadOnlySpan<float> cosines = _cosines.AsSpan(position * _half, _half);
        ReadOnlySpan<float> sines = _sines.AsSpan(position * _half, _half);
        for (; row.Length > 0; row = row[(2 * _half)..])
        {
            for (int i = 0; i < _half; i++)
                (row[i], row[_half + i]) = (
                    (row[i] * cosines[i]) + (row[_half + i] * sines[i]), (row[_half + i] * cosines[i]) - (row[i] * sines[i]));
        }
    }

    /// <summary>Rotates all heads of a row in place.</summary>
    public void Apply(Span<float> row, int position)
    {
        ReadOnlySpan<float> cosines = _cosines.AsSpan(position * _half, _half);
        ReadOnlySpan<float> sines = _sines.AsSpan(position * _half, _half);
        for (; row.Length > 0; row = row[(2 * _half)..])
            Turn(row[.._half], row.Slice(_half, _half), cosines, sines);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(Span<float> first, Span<float> second, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines)
    {
        ref float a = ref MemoryMarshal.GetReference(first);
        ref float b = ref MemoryMarshal.GetReference(second);
        int i = 0;
        for (; i + Vector128<float>.Count <= first.Length; i += Vector128<float>.Count)
        {
            Vector128<float> x = Vector128.LoadUnsafe(ref a, (nuint)i);
            Vector128<float> y = Vector128.LoadUnsafe(ref b, (nuint)i);
            Vector128<float> cosine = Vector128.LoadUnsafe(in cosines[0], (nuint)i);
            Vector128<float> sine = Vector128.LoadUnsafe(in sines[0], (nuint)i);
            ((x * cosine) - (y * sine)).StoreUnsafe(ref a, (nuint)i);
            ((y * cosine) + (x * sine)).StoreUnsafe(ref b, (nuint)i);
        }

        for (; i < first.Length; i++)
            (first[i], second[i]) =
                ((first[i] * cosines[i]) - (second[i] * sines[i]), (second[i] * cosines[i]) + (first[i] * sines[i]));
    }

    private static (float Sine, float Cosine) Single((double Sine, double Cosine) pair) => ((float)pair.Sine, (float)pair.Cosine);
}
