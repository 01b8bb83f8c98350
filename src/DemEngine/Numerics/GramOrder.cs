using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics;

/// <summary>
/// The order in which the products of a Gram matrix are summed, part of its definition, so that neither tiles nor threads nor the
/// machine's vector width show in the result.
/// </summary>
/// <remarks>
/// The flattened tensor is cut into leaves of <see cref="LeafElements"/> elements, the last one padded with zeros. In a leaf, element j
/// belongs to lane j mod <see cref="Lanes"/>; each lane adds its products in order of j, from 0; lanes l and l + L/2 are added, and so
/// on by halves until one is left. The leaves' sums are added in their order, from 0. What is multiplied are binary32 values, x or
/// binary32(x − b), whose products are exact in double; where x or b is binary64, the difference is first rounded to double.
/// </remarks>
internal static class GramOrder
{
    /// <summary>Elements in a leaf.</summary>
    public const int LeafElements = 4096;

    /// <summary>Independent sums in a leaf.</summary>
    public const int Lanes = 256;

    /// <summary>Number of leaves of so many elements.</summary>
    public static int LeafCount(int elements) => (int)(((long)elements + LeafElements - 1) / LeafElements);

    /// <summary>Adds the lanes of a leaf by halves. The span is overwritten.</summary>
    /// <param name="lanes"><see cref="Lanes"/> partial sums.</param>
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
