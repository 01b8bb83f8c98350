using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels;

/// <summary>
/// The sum of one element in binary32, where no operation rounds and the binary64 sum of <see cref="CombineKernel"/> does not
/// round either, so that both are the same number. That decides sums that lie exactly between two results, such as half of those
/// of a plain average of two models, which no bound of an error can decide.
/// </summary>
/// <remarks>
/// An input v of at most 11 significant bits is a multiple of 2⁻¹¹·|v|, and a weight of at most 12 bits one of 2⁻¹²·|w|, so that
/// w·v is a multiple of a power of two of at least 2⁻²³·|w·v|. Where the sum of all |w·v| and |b| is below 2³⁰ times the least of
/// them that is not 0, every partial sum is a multiple of one power of two and below 2⁵³ of them: exact in binary64. In binary32,
/// z = fl(x + y) is exact if and only if z − x gives y and z − y gives x, since the difference from the larger one is exact
/// (T. J. Dekker, Numerische Mathematik 18, 1971). The product of 12 by 12 bits is exact, fused with a sum or not.
/// </remarks>
internal static class ExactSingleSum
{
    private const uint BitsBeyond12 = 0xFFF;

    // A binary place below 2³⁰ for the rounding of the sizes themselves.
    private const float Range = 1 << 29;
    private const float Smallest = 1e-25f;
    private const float Largest = 1e37f;

    /// <summary>Whether all weights have at most 12 significant bits, as 1, 0.5 and 0.375 have.</summary>
    public static bool HasShortWeights(LinearCombination combination)
    {
        foreach (Term term in combination.Terms)
        {
            if (term.Weight == 0 || (BitConverter.SingleToUInt32Bits(term.Weight) & BitsBeyond12) != 0)
                return false;
        }

        return true;
    }

    /// <summary>
    /// Computes the sum of one element; NaN where it is not known to be exact. Inputs have at most 11 significant bits.
    /// </summary>
    public static float OrNaN<TInput>(
        ArrayView<Words4> inputs, ArrayView<Words4> terms, CombineShape shape, long index)
        where TInput : unmanaged, IDeviceElement
    {
        float b = 0;
        if (shape.UsesBase != 0)
            b = TInput.LoadOne(inputs, 0, index);

        float sum = b;
        float size = Math.Abs(b);
        float least = Least(size, Largest);
        bool isExact = true;
        long start = shape.UsesBase * shape.Stride;
        for (int k = 0; k < shape.Terms; k++)
        {
            Words4 term = terms[k];
            float weight = DeviceTerm.Weight(term);
            float d = TInput.LoadOne(inputs, start, index);
            float part = Math.Abs(weight) * Math.Abs(d);
            size += part;
            least = Least(part, least);
            if (DeviceTerm.IsRelative(term))
            {
                part = Math.Abs(weight) * Math.Abs(b);
                size += part;
                least = Least(part, least);
                float x = d;
                d -= b;
                isExact &= (x - d == b) & (d + b == x);
            }

            float product = weight * d;
            float next = sum + product;
            isExact &= ((Interop.FloatAsInt(d) & BitsBeyond12) == 0) & (next - sum == product) & (next - product == sum);
            sum = next;
            start += shape.Stride;
        }

        // The sign of a sum of 0 follows from the order of binary64's operations.
        isExact &= (size < Largest) & (least > Smallest) & (size < Range * least) & (sum != 0);
        return Utilities.Select(isExact, sum, float.NaN);
    }

    private static float Least(float size, float least) => Utilities.Select(size == 0, least, Math.Min(size, least));
}
