using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// Finds a scale s and a least value m ≥ 0 for each of the eight parts of 32 elements that a block of 256 has, so that
/// s · q − m with codes q from 0 to some 2ⁿ − 1 is near the elements x. Of several ranges that the codes could cover, the one is
/// taken whose least-squares line through the pairs (q, x) leaves the least Σ w (x − s·q + m)². The weights are
/// w = √(mean of x²) + |x|: what is large in a row matters more to its products.
/// </summary>
/// <remarks>
/// A lane of a vector is a part, and sums go from its first element to its last: the same numbers on every processor.
/// </remarks>
internal static class AffineFit
{
    /// <summary>Number of parts.</summary>
    public const int Parts = 8;

    /// <summary>Number of elements of a part.</summary>
    public const int PartElements = 32;

    // In steps of a tenth of a code around the whole range; the best one lies a little within it or beyond.
    private const int Steps = 10;

    private const float Smallest = 1e-20f;

    /// <summary>Finds the scales and least values of all parts.</summary>
    /// <param name="values">The 256 elements, all of them finite.</param>
    /// <param name="most">The largest code.</param>
    /// <param name="scales">Receives eight scales.</param>
    /// <param name="leasts">Receives eight least values, with their sign turned: none is negative.</param>
    public static void Find(ReadOnlySpan<float> values, int most, Span<float> scales, Span<float> leasts)
    {
        Span<float> turned = stackalloc float[Parts * PartElements];
        Span<float> weights = stackalloc float[Parts * PartElements];
        for (int part = 0; part < Parts; part++)
        {
            for (int k = 0; k < PartElements; k++)
                turned[(k * Parts) + part] = values[(part * PartElements) + k];
        }

        ref float x = ref MemoryMarshal.GetReference(turned);
        ref float w = ref MemoryMarshal.GetReference(weights);
        Vector256<float> low = Vector256<float>.Zero, high = At(ref x, 0), squares = Vector256<float>.Zero;
        for (int k = 0; k < PartElements; k++)
        {
            Vector256<float> value = At(ref x, k);
            low = Vector256.Min(low, value);
            high = Vector256.Max(high, value);
            squares += value * value;
        }

        Vector256<float> mean = Vector256.Sqrt(squares * (1f / PartElements));
        Vector256<float> sumW = Vector256<float>.Zero, sumX = Vector256<float>.Zero;
        for (int k = 0; k < PartElements; k++)
        {
            Vector256<float> weight = mean + Vector256.Abs(At(ref x, k));
            weight.StoreUnsafe(ref w, (nuint)(k * Parts));
            sumW += weight;
            sumX += weight * At(ref x, k);
        }

        Vector256<float> range = Vector256.Max(high, Vector256<float>.Zero) - low;

        // No scale in F16 is small enough for the elements of so small a range; they count as equal.
        Vector256<float> isFlat = Vector256.LessThan(range, Vector256.Create(Smallest));
        Vector256<float> best = Vector256.Create(float.NegativeInfinity);
        Vector256<float> scale = Vector256.AndNot(range / Vector256.Create((float)most), isFlat), least = -low;
        Vector256<float> top = Vector256.Create((float)most);
        for (int step = -Steps; step <= Steps; step++)
        {
            Vector256<float> inverse = Vector256.ConditionalSelect(
                isFlat, Vector256<float>.Zero, Vector256.Create(most + (0.1f * step)) / range);
            Vector256<float> sumQ = Vector256<float>.Zero, sumQQ = Vector256<float>.Zero, sumXQ = Vector256<float>.Zero;
            for (int k = 0; k < PartElements; k++)
            {
                Vector256<float> value = At(ref x, k);
                Vector256<float> code = Vector256.Min(Vector256.Round((value - low) * inverse), top);
                Vector256<float> weighted = At(ref w, k) * code;
                sumQ += weighted;
                sumQQ += weighted * code;
                sumXQ += weighted * value;
            }

            // The normal equations of x = s·q + o; where their o is above 0, the best line goes through 0.
            Vector256<float> determinant = (sumW * sumQQ) - (sumQ * sumQ);
            Vector256<float> s = ((sumW * sumXQ) - (sumX * sumQ)) / determinant;
            Vector256<float> o = ((sumQQ * sumX) - (sumQ * sumXQ)) / determinant;
            Vector256<float> isAbove = Vector256.GreaterThan(o, Vector256<float>.Zero);
            s = Vector256.ConditionalSelect(isAbove, sumXQ / sumQQ, s);
            o = Vector256.ConditionalSelect(isAbove, Vector256<float>.Zero, o);

            // What the line takes off Σ w·x²; not a number where all codes are the same.
            Vector256<float> gain = (s * sumXQ) + (o * sumX);
            Vector256<float> isBetter = Vector256.GreaterThan(gain, best)
                & Vector256.GreaterThan(determinant, Vector256<float>.Zero)
                & Vector256.GreaterThan(s, Vector256<float>.Zero);
            best = Vector256.ConditionalSelect(isBetter, gain, best);
            scale = Vector256.ConditionalSelect(isBetter, s, scale);
            least = Vector256.ConditionalSelect(isBetter, -o, least);
        }

        scale.CopyTo(scales);
        least.CopyTo(leasts);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> At(ref float first, int index) =>
        Vector256.LoadUnsafe(ref first, (nuint)(index * Parts));
}
