using DemEngine.Kernels.Elements;
using DemEngine.Numerics.Deltas;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Deltas;

/// <summary>Parameters of a launch of <see cref="VarianceKernel"/>.</summary>
internal struct VarianceShape
{
    public long Elements;

    /// <summary>Distance between the differences of consecutive sources, in units of 16 bytes.</summary>
    public long Stride;

    public int Sources;

    /// <summary>Index of the first element in its tensor.</summary>
    public long First;

    public uint LeastKey;

    public long LeastTie;

    /// <summary>1 to write keys; 0 to set to +0 the differences whose key is not above the threshold.</summary>
    public int WritesKeys;
}

/// <summary>
/// Computes the variance of the sources' differences at each position, and either writes its keys or drops differences by them.
/// </summary>
/// <remarks>
/// Arithmetic: <see cref="SparseDeltas.Variance"/>. Differences of binary32 numbers are rounded to binary32; their squares are
/// exact in double, and are added in double in the order of the pairs. Each thread takes groups of four elements, a grid apart.
/// </remarks>
internal static class VarianceKernel
{
    private const int Count = 4;

    public static void Run(ArrayView<Words4> deltas, ArrayView<Words4> keys, VarianceShape shape)
    {
        long groups = (shape.Elements + Count - 1) / Count;
        long step = (long)Grid.DimX * Group.DimX;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            for (int a = 0; a < shape.Sources; a++)
            {
                Words4 x = deltas[(a * shape.Stride) + group];
                for (int b = a + 1; b < shape.Sources; b++)
                {
                    Words4 y = deltas[(b * shape.Stride) + group];
                    double d0 = Difference(x.W0, y.W0);
                    double d1 = Difference(x.W1, y.W1);
                    double d2 = Difference(x.W2, y.W2);
                    double d3 = Difference(x.W3, y.W3);
                    s0 += d0 * d0;
                    s1 += d1 * d1;
                    s2 += d2 * d2;
                    s3 += d3 * d3;
                }
            }

            var key = new Words4(
                DeviceKey.OfSquares(s0), DeviceKey.OfSquares(s1), DeviceKey.OfSquares(s2), DeviceKey.OfSquares(s3));
            if (shape.WritesKeys != 0)
                keys[group] = key;
            else
                Drop(deltas, key, shape, group);
        }
    }

    /// <summary>
    /// Subtracts binary32 numbers, rounding to double and then to binary32. 53 bits are enough for the double rounding to be
    /// harmless.
    /// </summary>
    private static double Difference(uint x, uint y) => (float)((double)Interop.IntAsFloat(x) - (double)Interop.IntAsFloat(y));

    private static void Drop(ArrayView<Words4> deltas, Words4 key, VarianceShape shape, long group)
    {
        long index = shape.First + (group * Count);
        bool k0 = IsAbove(key.W0, index, shape);
        bool k1 = IsAbove(key.W1, index + 1, shape);
        bool k2 = IsAbove(key.W2, index + 2, shape);
        bool k3 = IsAbove(key.W3, index + 3, shape);
        for (int k = 0; k < shape.Sources; k++)
        {
            Words4 x = deltas[(k * shape.Stride) + group];
            deltas[(k * shape.Stride) + group] = new Words4(
                Utilities.Select(k0 | IsNotFinite(x.W0), x.W0, 0u),
                Utilities.Select(k1 | IsNotFinite(x.W1), x.W1, 0u),
                Utilities.Select(k2 | IsNotFinite(x.W2), x.W2, 0u),
                Utilities.Select(k3 | IsNotFinite(x.W3), x.W3, 0u));
        }
    }

    private static bool IsNotFinite(uint bits) => (bits & 0x7FFF_FFFF) >= 0x7F80_0000;

    private static bool IsAbove(uint key, long index, VarianceShape shape) =>
        (key > shape.LeastKey) | ((key == shape.LeastKey) & (index <= shape.LeastTie));
}
