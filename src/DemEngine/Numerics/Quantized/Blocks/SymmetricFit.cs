using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// Finds a scale s for each of the sixteen parts of 16 elements that a block of 256 has, so that s · q with codes q from −2ⁿ to
/// 2ⁿ − 1 is near the elements x. The element that is largest without its sign gets a code near −2ⁿ, so that s may be
/// negative. Of several codes for it, the one is taken whose least-squares scale leaves the least Σ x² (x − s·q)²: what is
/// large in a row matters more to its products.
/// </summary>
/// <remarks>
/// A lane of a vector is a part, and sums go from its first element to its last: the same numbers on every processor.
/// </remarks>
internal static class SymmetricFit
{
    /// <summary>Number of parts.</summary>
    public const int Parts = 16;

    /// <summary>Number of elements of a part.</summary>
    public const int PartElements = 16;

    private const int Lanes = 8;

    // In steps of a tenth of a code around the whole range.
    private const int Steps = 9;

    private const float Smallest = 1e-20f;

    /// <summary>Finds the scales of all parts.</summary>
    /// <param name="values">The 256 elements, all of them finite.</param>
    /// <param name="half">The number 2ⁿ.</param>
    /// <param name="scales">Receives sixteen scales.</param>
    public static void Find(ReadOnlySpan<float> values, int half, Span<float> scales)
    {
        Span<float> turned = stackalloc float[Lanes * PartElements];
        for (int first = 0; first < Parts; first += Lanes)
        {
            for (int part = 0; part < Lanes; part++)
            {
                for (int k = 0; k < PartElements; k++)
                    turned[(k * Lanes) + part] = values[((first + part) * PartElements) + k];
            }

            Find(ref MemoryMarshal.GetReference(turned), half).CopyTo(scales[first..]);
        }
    }

    private static Vector256<float> Find(ref float x, int half)
    {
        Vector256<float> signed = Vector256<float>.Zero;
        for (int k = 0; k < PartElements; k++)
        {
            Vector256<float> value = At(ref x, k);
            signed = Vector256.ConditionalSelect(
                Vector256.GreaterThan(Vector256.Abs(value), Vector256.Abs(signed)), value, signed);
        }

        // No scale in F16 is small enough for such elements; they count as 0.
        Vector256<float> isFlat = Vector256.LessThan(Vector256.Abs(signed), Vector256.Create(Smallest));
        Vector256<float> best = Vector256.Create(float.NegativeInfinity);
        Vector256<float> scale = Vector256.AndNot(signed / Vector256.Create((float)-half), isFlat);
        Vector256<float> bottom = Vector256.Create((float)-half), top = Vector256.Create((float)(half - 1));
        for (int step = -Steps; step <= Steps; step++)
        {
            Vector256<float> inverse = Vector256.ConditionalSelect(
                isFlat, Vector256<float>.Zero, Vector256.Create(-half - (0.1f * step)) / signed);
            Vector256<float> sumQQ = Vector256<float>.Zero, sumXQ = Vector256<float>.Zero;
            for (int k = 0; k < PartElements; k++)
            {
                Vector256<float> value = At(ref x, k);
                Vector256<float> code = Vector256.Min(Vector256.Max(Vector256.Round(value * inverse), bottom), top);
                Vector256<float> weighted = value * value * code;
                sumQQ += weighted * code;
                sumXQ += weighted * value;
            }

            // What the scale takes off Σ x⁴; not a number where all codes are 0.
            Vector256<float> s = sumXQ / sumQQ;
            Vector256<float> gain = s * sumXQ;
            Vector256<float> isBetter = Vector256.GreaterThan(gain, best);
            best = Vector256.ConditionalSelect(isBetter, gain, best);
            scale = Vector256.ConditionalSelect(isBetter, s, scale);
        }

        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> At(ref float first, int index) =>
        Vector256.LoadUnsafe(ref first, (nuint)(index * Lanes));
}
