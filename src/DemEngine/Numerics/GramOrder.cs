using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics;

/// <summary>
/// Order in which the products of a Gram matrix are summed. It is part of the matrix's definition, so that the result does not
/// depend on tiles, threads or the machine's vector width.
/// </summary>
/// <remarks>
/// The flattened tensor is divided into leaves of <see cref="LeafElements"/> elements, the last one padded with zeros. In a leaf,
/// element j belongs to lane j mod <see cref="Lanes"/>. Each lane adds its products in order of j, starting from 0. Then lanes l
/// and l + L/2 are added, and so on by halves until one is left. The sums of the leaves are added in their order, starting from
/// 0. The factors are binary32 values, x or binary32(x − b), whose products are exact in double. Where x or b is binary64, the
/// difference is first rounded to double.
/// </remarks>
internal static class GramOrder
{
    /// <summary>Number of elements in a leaf.</summary>
    public const int LeafElements = 4096;

    /// <summary>Number of independent sums in a leaf.</summary>
    public const int Lanes = 256;

    /// <summary>Number of leaves into which <paramref name="elements"/> elements are divided.</summary>
    public static int LeafCount(int elements) => (int)(((long)elements + LeafElements - 1) / LeafElements);

    /// <summary>Adds the lanes of a leaf by halves.</summary>
    /// <param name="lanes">The <see cref="Lanes"/> partial sums of a leaf; overwritten.</param>
    public static double SumLanes(Span<double> lanes)
    {
        Span<Vector512<double>> eights = MemoryMarshal.Cast<double, Vector512<double>>(lanes[..Lanes]);
        for (int half = eights.Length / 2; half > 0; half /= 2)
        {
            for (int k = 0; k < half; k++)
                eights[k] += eights[k + half];
        }

        Vector256<double> four = eights[0].GetLower() + eights[0].GetUpper();
        Vector128<double> two = four.GetLower() + four.GetUpper();
        return two[0] + two[1];
    }
}
