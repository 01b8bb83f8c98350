using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Linear;

/// <summary>Computes the dot products of one leaf, in the order that <see cref="GramOrder"/> defines.</summary>
/// <remarks>
/// A column of as many lanes as a register has doubles goes down the rows, with the sum of each product in a register. Each value
/// is widened once for all products of its block, and the number of sums hides the latency of the addition. Up to five vectors
/// are one block; more are taken three by three.
/// </remarks>
internal static class GramKernel<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int Side = 3;
    private const int LongSide = 5;
    private const int Rows = GramOrder.LeafElements / GramOrder.Lanes;
    private const int LaneBytes = GramOrder.Lanes * sizeof(double);

    private const nuint RowBytes = GramLeaf<TWidth, TVector>.RowBytes;

    /// <summary>Computes all products.</summary>
    /// <param name="leaf">Leaf with the decoded vectors.</param>
    /// <param name="products">Receives ⟨vᵢ, vⱼ⟩ for i ≤ j, row after row.</param>
    [SkipLocalsInit]
    public static void Run(GramLeaf<TWidth, TVector> leaf, Span<double> products)
    {
        Span<double> lanes = stackalloc double[LongSide * (LongSide + 1) / 2 * GramOrder.Lanes];
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(lanes));
        int order = leaf.Order;
        if (order is > Side and <= LongSide)
        {
            // With four vectors, the fourth also serves as the fifth, and the extra products are discarded.
            Pentagon(
                ref leaf.Vector(0),
                ref leaf.Vector(1),
                ref leaf.Vector(2),
                ref leaf.Vector(3),
                ref leaf.Vector(order - 1),
                ref sums);
            for (int i = 0; i < order; i++)
            {
                for (int j = i; j < order; j++)
                    products[GramMatrix.PairIndex(i, j, order)] = SumLanes(lanes, GramMatrix.PairIndex(i, j, LongSide));
            }

            return;
        }

        for (int first = 0; first < order; first += Side)
        {
            // The last vector fills the places of a block that is not full.
            ref byte a0 = ref leaf.Vector(first);
            ref byte a1 = ref leaf.Vector(Math.Min(first + 1, order - 1));
            ref byte a2 = ref leaf.Vector(Math.Min(first + 2, order - 1));
            Triangle(ref a0, ref a1, ref a2, ref sums);
            Keep(lanes, products, order, first, first);
            for (int second = first + Side; second < order; second += Side)
            {
                ref byte b0 = ref leaf.Vector(second);
                ref byte b1 = ref leaf.Vector(Math.Min(second + 1, order - 1));
                ref byte b2 = ref leaf.Vector(Math.Min(second + 2, order - 1));
                Square(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref sums);
                Keep(lanes, products, order, first, second);
            }
        }
    }

    /// <summary>Adds the lanes of a block's sums, which are laid out as those of <see cref="Square"/>.</summary>
    private static void Keep(Span<double> lanes, Span<double> products, int order, int first, int second)
    {
        for (int i = first; i < Math.Min(first + Side, order); i++)
        {
            for (int j = Math.Max(i, second); j < Math.Min(second + Side, order); j++)
            {
                products[GramMatrix.PairIndex(i, j, order)] = SumLanes(lanes, ((i - first) * Side) + j - second);
            }
        }
    }

    private static double SumLanes(Span<double> lanes, int product) =>
        GramOrder.SumLanes(lanes.Slice(product * GramOrder.Lanes, GramOrder.Lanes));

    /// <summary>Computes the six products of three vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Triangle(ref byte a0, ref byte a1, ref byte a2, ref byte sums)
    {
        for (int lane = 0; lane < GramOrder.Lanes; lane += TWidth.Lanes / 2)
        {
            TVector s00 = default, s01 = default, s02 = default, s11 = default, s12 = default, s22 = default;
            nuint at = (nuint)lane * sizeof(float);
            for (int row = 0; row < Rows; row++, at += RowBytes)
            {
                TVector v0 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a0, at));
                TVector v1 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a1, at));
                TVector v2 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a2, at));
                s00 = TWidth.MultiplyAddExact(v0, v0, s00);
                s01 = TWidth.MultiplyAddExact(v0, v1, s01);
                s02 = TWidth.MultiplyAddExact(v0, v2, s02);
                s11 = TWidth.MultiplyAddExact(v1, v1, s11);
                s12 = TWidth.MultiplyAddExact(v1, v2, s12);
                s22 = TWidth.MultiplyAddExact(v2, v2, s22);
            }

            ref byte column = ref Unsafe.AddByteOffset(ref sums, (nuint)lane * sizeof(double));
            Store(s00, ref column, 0);
            Store(s01, ref column, 1);
            Store(s02, ref column, 2);
            Store(s11, ref column, Side + 1);
            Store(s12, ref column, Side + 2);
            Store(s22, ref column, (2 * Side) + 2);
        }
    }

    /// <summary>Computes the fifteen products of five vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pentagon(ref byte a0, ref byte a1, ref byte a2, ref byte a3, ref byte a4, ref byte sums)
    {
        for (int lane = 0; lane < GramOrder.Lanes; lane += TWidth.Lanes / 2)
        {
            TVector s00 = default, s01 = default, s02 = default, s03 = default, s04 = default;
            TVector s11 = default, s12 = default, s13 = default, s14 = default;
            TVector s22 = default, s23 = default, s24 = default, s33 = default, s34 = default, s44 = default;
            nuint at = (nuint)lane * sizeof(float);
            for (int row = 0; row < Rows; row++, at += RowBytes)
            {
                TVector v0 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a0, at));
                TVector v1 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a1, at));
                TVector v2 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a2, at));
                TVector v3 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a3, at));
                TVector v4 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a4, at));
                s00 = TWidth.MultiplyAddExact(v0, v0, s00);
                s01 = TWidth.MultiplyAddExact(v0, v1, s01);
                s02 = TWidth.MultiplyAddExact(v0, v2, s02);
                s03 = TWidth.MultiplyAddExact(v0, v3, s03);
                s04 = TWidth.MultiplyAddExact(v0, v4, s04);
                s11 = TWidth.MultiplyAddExact(v1, v1, s11);
                s12 = TWidth.MultiplyAddExact(v1, v2, s12);
                s13 = TWidth.MultiplyAddExact(v1, v3, s13);
                s14 = TWidth.MultiplyAddExact(v1, v4, s14);
                s22 = TWidth.MultiplyAddExact(v2, v2, s22);
                s23 = TWidth.MultiplyAddExact(v2, v3, s23);
                s24 = TWidth.MultiplyAddExact(v2, v4, s24);
                s33 = TWidth.MultiplyAddExact(v3, v3, s33);
                s34 = TWidth.MultiplyAddExact(v3, v4, s34);
                s44 = TWidth.MultiplyAddExact(v4, v4, s44);
            }

            ref byte column = ref Unsafe.AddByteOffset(ref sums, (nuint)lane * sizeof(double));
            Store(s00, ref column, 0);
            Store(s01, ref column, 1);
            Store(s02, ref column, 2);
            Store(s03, ref column, 3);
            Store(s04, ref column, 4);
            Store(s11, ref column, 5);
            Store(s12, ref column, 6);
            Store(s13, ref column, 7);
            Store(s14, ref column, 8);
            Store(s22, ref column, 9);
            Store(s23, ref column, 10);
            Store(s24, ref column, 11);
            Store(s33, ref column, 12);
            Store(s34, ref column, 13);
            Store(s44, ref column, 14);
        }
    }

    /// <summary>Computes the nine products of three vectors with three others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Square(ref byte a0, ref byte a1, ref byte a2, ref byte b0, ref byte b1, ref byte b2, ref byte sums)
    {
        for (int lane = 0; lane < GramOrder.Lanes; lane += TWidth.Lanes / 2)
        {
            TVector s00 = default, s01 = default, s02 = default;
            TVector s10 = default, s11 = default, s12 = default;
            TVector s20 = default, s21 = default, s22 = default;
            nuint at = (nuint)lane * sizeof(float);
            for (int row = 0; row < Rows; row++, at += RowBytes)
            {
                TVector w0 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref b0, at));
                TVector w1 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref b1, at));
                TVector w2 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref b2, at));
                TVector v = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a0, at));
                s00 = TWidth.MultiplyAddExact(v, w0, s00);
                s01 = TWidth.MultiplyAddExact(v, w1, s01);
                s02 = TWidth.MultiplyAddExact(v, w2, s02);
                v = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a1, at));
                s10 = TWidth.MultiplyAddExact(v, w0, s10);
                s11 = TWidth.MultiplyAddExact(v, w1, s11);
                s12 = TWidth.MultiplyAddExact(v, w2, s12);
                v = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref a2, at));
                s20 = TWidth.MultiplyAddExact(v, w0, s20);
                s21 = TWidth.MultiplyAddExact(v, w1, s21);
                s22 = TWidth.MultiplyAddExact(v, w2, s22);
            }

            ref byte column = ref Unsafe.AddByteOffset(ref sums, (nuint)lane * sizeof(double));
            Store(s00, ref column, 0);
            Store(s01, ref column, 1);
            Store(s02, ref column, 2);
            Store(s10, ref column, Side);
            Store(s11, ref column, Side + 1);
            Store(s12, ref column, Side + 2);
            Store(s20, ref column, 2 * Side);
            Store(s21, ref column, (2 * Side) + 1);
            Store(s22, ref column, (2 * Side) + 2);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector sum, ref byte column, int product) =>
        TWidth.Store(sum, ref Unsafe.AddByteOffset(ref column, (nuint)product * LaneBytes));
}
