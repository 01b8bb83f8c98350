using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.LowRank;

/// <summary>
/// Adds a product of two thin matrices to a part of a matrix: Y ← Y + s·L·R, as in low-rank adaptation (LoRA, arXiv 2106.09685,
/// equation 3). Each element is
/// <code>y ← float32(y + s·(l₁·r₁ + l₂·r₂ + …))</code>
/// in double, with the products summed in the order of the rank from zero. The factors are binary32 numbers, whose product is
/// exact in double, so that fused multiply-adds give the same bits as others, and no vector width, part or thread shows.
/// </summary>
internal static class LowRankProduct
{
    private const int Panel = PackedFactor.PanelColumns;

    /// <summary>Computes Y ← Y + s·L·R.</summary>
    /// <param name="left">L, <c>rows</c> × <c>rank</c>, row-major, of binary32 values.</param>
    /// <param name="right">R, whose columns from <paramref name="firstColumn"/> on are the part's.</param>
    /// <param name="firstColumn">Column of R for the first column of Y.</param>
    /// <param name="scale">The factor s.</param>
    /// <param name="sums">Y, with its own distance between rows.</param>
    /// <param name="startsFromZero">Whether Y counts as zero, whatever it holds.</param>
    /// <param name="width">Width of the vectors; null for the widest. The result does not depend on it.</param>
    public static void Add(
        ReadOnlySpan<double> left,
        PackedFactor right,
        int firstColumn,
        double scale,
        MatrixPart sums,
        bool startsFromZero = false,
        VectorWidth? width = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(left.Length, sums.Rows * right.Rank);
        ArgumentOutOfRangeException.ThrowIfNegative(firstColumn);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sums.Columns, right.Columns - firstColumn);
        if (sums.Rows == 0 || sums.Columns == 0)
            return;
        switch (width ?? VectorWidths.Best)
        {
            case VectorWidth.Bits512:
                Add<Width512, Vector512<uint>>(left, right, firstColumn, scale, sums, startsFromZero);
                break;
            case VectorWidth.Bits256:
                Add<Width256, Vector256<uint>>(left, right, firstColumn, scale, sums, startsFromZero);
                break;
            default:
                Add<Width128, Vector128<uint>>(left, right, firstColumn, scale, sums, startsFromZero);
                break;
        }
    }

    private static void Add<TWidth, TVector>(
        ReadOnlySpan<double> left, PackedFactor right, int firstColumn, double scale, MatrixPart sums, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        // Panels that the part has only some columns of are computed beside it.
        int before = Math.Min(sums.Columns, (Panel - (firstColumn % Panel)) % Panel);
        int whole = (sums.Columns - before) / Panel * Panel;
        int after = sums.Columns - before - whole;
        if (before > 0)
            Edge<TWidth, TVector>(left, right, firstColumn, scale, sums.Slice(0, before), startsFromZero);
        if (whole > 0)
            Panels<TWidth, TVector>(
                left, right.Rank, right.PanelsFrom(firstColumn + before), scale, sums.Slice(before, whole), startsFromZero);
        if (after > 0)
            Edge<TWidth, TVector>(
                left, right, firstColumn + before + whole, scale, sums.Slice(before + whole, after), startsFromZero);
    }

    private static void Edge<TWidth, TVector>(
        ReadOnlySpan<double> left, PackedFactor right, int firstColumn, double scale, MatrixPart sums, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        Span<float> room = stackalloc float[Panel];
        room.Clear();
        Span<float> there = room.Slice(firstColumn % Panel, sums.Columns);
        ReadOnlySpan<byte> panel = right.PanelsFrom(firstColumn);
        for (int row = 0; row < sums.Rows; row++)
        {
            sums.Row(row).CopyTo(there);
            Panels<TWidth, TVector>(
                left.Slice(row * right.Rank, right.Rank), right.Rank, panel, scale, new MatrixPart(room, 1, Panel, Panel),
                startsFromZero);
            there.CopyTo(sums.Row(row));
        }
    }

    private static void Panels<TWidth, TVector>(
        ReadOnlySpan<double> left, int rank, ReadOnlySpan<byte> panels, double scale, MatrixPart sums, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        // Rows that are computed together share what is loaded of the right factor. The widest vectors have twice as many
        // registers.
        int together = TWidth.Lanes == Panel ? 8 : 4;
        for (int row = 0; row < sums.Rows;)
        {
            int rows = sums.Rows - row >= together ? together : 1;
            ReadOnlySpan<double> ofRows = left.Slice(row * rank, rows * rank);
            MatrixPart part = sums.RowsFrom(row, rows);
            if (rows == 8)
                EightRows<TWidth, TVector>(ofRows, rank, panels, scale, part, startsFromZero);
            else if (rows == 4)
                FourRows<TWidth, TVector>(ofRows, rank, panels, scale, part, startsFromZero);
            else
                OneRow<TWidth, TVector>(ofRows, panels, scale, part, startsFromZero);
            row += rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightRows<TWidth, TVector>(
        ReadOnlySpan<double> left, int rank, ReadOnlySpan<byte> panels, double scale, MatrixPart sums, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref byte l = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(left));
        ref byte r = ref MemoryMarshal.GetReference(panels[..(sums.Columns * rank * sizeof(float))]);
        TVector s = TWidth.BroadcastDouble(scale);
        bool isStored = IsStored(startsFromZero, scale);
        nuint next = (nuint)rank * sizeof(double);
        for (int column = 0; column < sums.Columns; column += Panel)
        {
            TVector zero = TWidth.BroadcastDouble(0);
            TVector a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
            TVector e0 = zero, e1 = zero, f0 = zero, f1 = zero, g0 = zero, g1 = zero, h0 = zero, h1 = zero;
            ref byte upper = ref l;
            ref byte lower = ref Unsafe.AddByteOffset(ref l, 4 * next);
            for (int k = 0; k < rank; k++)
            {
                TVector r0 = TWidth.LoadWidened(ref r);
                TVector r1 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref r, Panel / 2 * sizeof(float)));
                r = ref Unsafe.AddByteOffset(ref r, Panel * sizeof(float));
                TVector x = Broadcast<TWidth, TVector>(ref upper, 0);
                a0 = TWidth.MultiplyAddExact(x, r0, a0);
                a1 = TWidth.MultiplyAddExact(x, r1, a1);
                x = Broadcast<TWidth, TVector>(ref upper, next);
                b0 = TWidth.MultiplyAddExact(x, r0, b0);
                b1 = TWidth.MultiplyAddExact(x, r1, b1);
                x = Broadcast<TWidth, TVector>(ref upper, 2 * next);
                c0 = TWidth.MultiplyAddExact(x, r0, c0);
                c1 = TWidth.MultiplyAddExact(x, r1, c1);
                x = Broadcast<TWidth, TVector>(ref upper, 3 * next);
                d0 = TWidth.MultiplyAddExact(x, r0, d0);
                d1 = TWidth.MultiplyAddExact(x, r1, d1);
                x = Broadcast<TWidth, TVector>(ref lower, 0);
                e0 = TWidth.MultiplyAddExact(x, r0, e0);
                e1 = TWidth.MultiplyAddExact(x, r1, e1);
                x = Broadcast<TWidth, TVector>(ref lower, next);
                f0 = TWidth.MultiplyAddExact(x, r0, f0);
                f1 = TWidth.MultiplyAddExact(x, r1, f1);
                x = Broadcast<TWidth, TVector>(ref lower, 2 * next);
                g0 = TWidth.MultiplyAddExact(x, r0, g0);
                g1 = TWidth.MultiplyAddExact(x, r1, g1);
                x = Broadcast<TWidth, TVector>(ref lower, 3 * next);
                h0 = TWidth.MultiplyAddExact(x, r0, h0);
                h1 = TWidth.MultiplyAddExact(x, r1, h1);
                upper = ref Unsafe.AddByteOffset(ref upper, sizeof(double));
                lower = ref Unsafe.AddByteOffset(ref lower, sizeof(double));
            }

            Finish<TWidth, TVector>(a0, a1, s, isStored, startsFromZero, ref sums.At(0, column));
            Finish<TWidth, TVector>(b0, b1, s, isStored, startsFromZero, ref sums.At(1, column));
            Finish<TWidth, TVector>(c0, c1, s, isStored, startsFromZero, ref sums.At(2, column));
            Finish<TWidth, TVector>(d0, d1, s, isStored, startsFromZero, ref sums.At(3, column));
            Finish<TWidth, TVector>(e0, e1, s, isStored, startsFromZero, ref sums.At(4, column));
            Finish<TWidth, TVector>(f0, f1, s, isStored, startsFromZero, ref sums.At(5, column));
            Finish<TWidth, TVector>(g0, g1, s, isStored, startsFromZero, ref sums.At(6, column));
            Finish<TWidth, TVector>(h0, h1, s, isStored, startsFromZero, ref sums.At(7, column));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<TWidth, TVector>(
        ReadOnlySpan<double> left, int rank, ReadOnlySpan<byte> panels, double scale, MatrixPart sums, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref byte l = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(left));
        ref byte panel = ref MemoryMarshal.GetReference(panels[..(sums.Columns * rank * sizeof(float))]);
        TVector s = TWidth.BroadcastDouble(scale);
        bool isStored = IsStored(startsFromZero, scale);
        nuint half = (nuint)(TWidth.Lanes / 2) * sizeof(float);
        nuint next = (nuint)rank * sizeof(double);
        for (int column = 0; column < sums.Columns; column += TWidth.Lanes)
        {
            TVector zero = TWidth.BroadcastDouble(0);
            TVector a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
            ref byte r = ref PanelAt(ref panel, rank, column);
            ref byte row = ref l;
            for (int k = 0; k < rank; k++)
            {
                TVector r0 = TWidth.LoadWidened(ref r);
                TVector r1 = TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref r, half));
                r = ref Unsafe.AddByteOffset(ref r, Panel * sizeof(float));
                TVector x = Broadcast<TWidth, TVector>(ref row, 0);
                a0 = TWidth.MultiplyAddExact(x, r0, a0);
                a1 = TWidth.MultiplyAddExact(x, r1, a1);
                x = Broadcast<TWidth, TVector>(ref row, next);
                b0 = TWidth.MultiplyAddExact(x, r0, b0);
                b1 = TWidth.MultiplyAddExact(x, r1, b1);
                x = Broadcast<TWidth, TVector>(ref row, 2 * next);
                c0 = TWidth.MultiplyAddExact(x, r0, c0);
                c1 = TWidth.MultiplyAddExact(x, r1, c1);
                x = Broadcast<TWidth, TVector>(ref row, 3 * next);
                d0 = TWidth.MultiplyAddExact(x, r0, d0);
                d1 = TWidth.MultiplyAddExact(x, r1, d1);
                row = ref Unsafe.AddByteOffset(ref row, sizeof(double));
            }

            Finish<TWidth, TVector>(a0, a1, s, isStored, startsFromZero, ref sums.At(0, column));
            Finish<TWidth, TVector>(b0, b1, s, isStored, startsFromZero, ref sums.At(1, column));
            Finish<TWidth, TVector>(c0, c1, s, isStored, startsFromZero, ref sums.At(2, column));
            Finish<TWidth, TVector>(d0, d1, s, isStored, startsFromZero, ref sums.At(3, column));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow<TWidth, TVector>(
        ReadOnlySpan<double> left, ReadOnlySpan<byte> panels, double scale, MatrixPart sums, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref byte panel = ref MemoryMarshal.GetReference(panels[..(sums.Columns * left.Length * sizeof(float))]);
        TVector s = TWidth.BroadcastDouble(scale);
        bool isStored = IsStored(startsFromZero, scale);
        nuint half = (nuint)(TWidth.Lanes / 2) * sizeof(float);
        for (int column = 0; column < sums.Columns; column += TWidth.Lanes)
        {
            TVector lower = TWidth.BroadcastDouble(0), upper = lower;
            ref byte r = ref PanelAt(ref panel, left.Length, column);
            foreach (double factor in left)
            {
                TVector x = TWidth.BroadcastDouble(factor);
                lower = TWidth.MultiplyAddExact(x, TWidth.LoadWidened(ref r), lower);
                upper = TWidth.MultiplyAddExact(x, TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref r, half)), upper);
                r = ref Unsafe.AddByteOffset(ref r, Panel * sizeof(float));
            }

            Finish<TWidth, TVector>(lower, upper, s, isStored, startsFromZero, ref sums.At(0, column));
        }
    }

    // A sum of products that starts from zero is not -0, nor is a product with it that does not underflow. Adding it to zero
    // changes no bit then, and can be left out.
    private static bool IsStored(bool startsFromZero, double scale) => startsFromZero && scale > 1e-30;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte PanelAt(ref byte panels, int rank, int column) => ref Unsafe.AddByteOffset(
        ref panels, (((nuint)(column / Panel) * (nuint)rank * Panel) + (nuint)(column % Panel)) * sizeof(float));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Broadcast<TWidth, TVector>(ref byte numbers, nuint offset)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct =>
        TWidth.BroadcastDouble(Unsafe.ReadUnaligned<double>(ref Unsafe.AddByteOffset(ref numbers, offset)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TWidth, TVector>(
        TVector lower, TVector upper, TVector scale, bool isStored, bool startsFromZero, ref float sums)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref byte y = ref Unsafe.As<float, byte>(ref sums);
        if (isStored)
        {
            TWidth.Store(TWidth.Narrow(TWidth.MultiplyDouble(lower, scale), TWidth.MultiplyDouble(upper, scale)), ref y);
            return;
        }

        TVector before = startsFromZero ? TWidth.BroadcastDouble(0) : TWidth.Load(ref y);
        TWidth.Store(
            TWidth.Narrow(
                TWidth.MultiplyAddRounded(lower, scale, TWidth.WidenLower(before)),
                TWidth.MultiplyAddRounded(upper, scale, TWidth.WidenUpper(before))),
            ref y);
    }
}
