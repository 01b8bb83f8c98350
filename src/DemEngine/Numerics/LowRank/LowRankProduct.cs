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
    /// <summary>Columns of the right factor are stored in rows of a multiple of this many, the rest being zeros.</summary>
    public const int ColumnMultiple = 16;

    // Rows of Y that share what is loaded of the right factor. With two vectors of each they fill half the registers.
    private const int RowsTogether = 4;

    /// <summary>Number of columns with which a row of the right factor is stored.</summary>
    /// <param name="columns">Number of columns.</param>
    public static int Stride(int columns) => (columns + ColumnMultiple - 1) / ColumnMultiple * ColumnMultiple;

    /// <summary>Computes Y ← Y + s·L·R.</summary>
    /// <param name="left">L, <c>rows</c> × <c>rank</c>, row-major.</param>
    /// <param name="right">
    /// R, <c>rank</c> × <c>columns</c>, row-major. After each row lie at least as many numbers as <see cref="Stride"/> says.
    /// </param>
    /// <param name="stride">Distance between the rows of R.</param>
    /// <param name="rank">Number of columns of L and of rows of R; may be 0.</param>
    /// <param name="scale">The factor s.</param>
    /// <param name="sums">Y, <c>rows</c> × <c>columns</c>, with its own distance between rows.</param>
    /// <param name="startsFromZero">Whether Y counts as zero, whatever it holds.</param>
    /// <param name="width">Width of the vectors; null for the widest. The result does not depend on it.</param>
    public static void Add(
        ReadOnlySpan<double> left,
        ReadOnlySpan<double> right,
        int stride,
        int rank,
        double scale,
        MatrixPart sums,
        bool startsFromZero = false,
        VectorWidth? width = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(left.Length, sums.Rows * rank);
        ArgumentOutOfRangeException.ThrowIfLessThan(right.Length, rank == 0 ? 0 : ((rank - 1) * stride) + Stride(sums.Columns));
        if (sums.Rows == 0 || sums.Columns == 0)
            return;
        switch (width ?? VectorWidths.Best)
        {
            case VectorWidth.Bits512:
                Add<Width512, Vector512<uint>>(left, right, stride, rank, scale, sums, startsFromZero);
                break;
            case VectorWidth.Bits256:
                Add<Width256, Vector256<uint>>(left, right, stride, rank, scale, sums, startsFromZero);
                break;
            default:
                Add<Width128, Vector128<uint>>(left, right, stride, rank, scale, sums, startsFromZero);
                break;
        }
    }

    private static void Add<TWidth, TVector>(
        ReadOnlySpan<double> left, ReadOnlySpan<double> right, int stride, int rank, double scale, MatrixPart sums,
        bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        int whole = sums.Columns - (sums.Columns % TWidth.Lanes);
        for (int row = 0; row < sums.Rows; row += RowsTogether)
        {
            int rows = Math.Min(RowsTogether, sums.Rows - row);
            ReadOnlySpan<double> ofRows = left.Slice(row * rank, rows * rank);
            if (rows == RowsTogether)
            {
                FourRows<TWidth, TVector>(ofRows, right, stride, rank, scale, sums, row, whole, startsFromZero);
            }
            else
            {
                for (int k = 0; k < rows; k++)
                    OneRow<TWidth, TVector>(
                        ofRows.Slice(k * rank, rank), right, stride, scale, sums.Row(row + k)[..whole], 0, startsFromZero);
            }

            if (whole < sums.Columns)
            {
                for (int k = 0; k < rows; k++)
                    Rest<TWidth, TVector>(
                        ofRows.Slice(k * rank, rank), right, stride, scale, sums.Row(row + k), whole, startsFromZero);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<TWidth, TVector>(
        ReadOnlySpan<double> left,
        ReadOnlySpan<double> right,
        int stride,
        int rank,
        double scale,
        MatrixPart sums,
        int row,
        int columns,
        bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref double l = ref MemoryMarshal.GetReference(left);
        ref byte r = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(right));
        TVector s = TWidth.BroadcastDouble(scale);
        nuint half = (nuint)(TWidth.Lanes / 2) * sizeof(double);
        nuint next = (nuint)stride * sizeof(double);
        for (int column = 0; column < columns; column += TWidth.Lanes)
        {
            TVector zero = TWidth.BroadcastDouble(0);
            TVector a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
            ref byte at = ref Unsafe.AddByteOffset(ref r, (nuint)column * sizeof(double));
            for (int k = 0; k < rank; k++)
            {
                TVector r0 = TWidth.Load(ref at);
                TVector r1 = TWidth.Load(ref Unsafe.AddByteOffset(ref at, half));
                at = ref Unsafe.AddByteOffset(ref at, next);
                TVector a = TWidth.BroadcastDouble(Unsafe.Add(ref l, k));
                a0 = TWidth.MultiplyAddExact(a, r0, a0);
                a1 = TWidth.MultiplyAddExact(a, r1, a1);
                TVector b = TWidth.BroadcastDouble(Unsafe.Add(ref l, rank + k));
                b0 = TWidth.MultiplyAddExact(b, r0, b0);
                b1 = TWidth.MultiplyAddExact(b, r1, b1);
                TVector c = TWidth.BroadcastDouble(Unsafe.Add(ref l, (2 * rank) + k));
                c0 = TWidth.MultiplyAddExact(c, r0, c0);
                c1 = TWidth.MultiplyAddExact(c, r1, c1);
                TVector d = TWidth.BroadcastDouble(Unsafe.Add(ref l, (3 * rank) + k));
                d0 = TWidth.MultiplyAddExact(d, r0, d0);
                d1 = TWidth.MultiplyAddExact(d, r1, d1);
            }

            Finish<TWidth, TVector>(a0, a1, s, startsFromZero, ref sums.At(row, column));
            Finish<TWidth, TVector>(b0, b1, s, startsFromZero, ref sums.At(row + 1, column));
            Finish<TWidth, TVector>(c0, c1, s, startsFromZero, ref sums.At(row + 2, column));
            Finish<TWidth, TVector>(d0, d1, s, startsFromZero, ref sums.At(row + 3, column));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow<TWidth, TVector>(
        ReadOnlySpan<double> left, ReadOnlySpan<double> right, int stride, double scale, Span<float> sums, int first,
        bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref byte r = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(right));
        ref float y = ref MemoryMarshal.GetReference(sums);
        TVector s = TWidth.BroadcastDouble(scale);
        nuint half = (nuint)(TWidth.Lanes / 2) * sizeof(double);
        for (int column = 0; column < sums.Length; column += TWidth.Lanes)
        {
            TVector lower = TWidth.BroadcastDouble(0), upper = lower;
            ref byte at = ref Unsafe.AddByteOffset(ref r, (nuint)(first + column) * sizeof(double));
            foreach (double factor in left)
            {
                TVector l = TWidth.BroadcastDouble(factor);
                lower = TWidth.MultiplyAddExact(l, TWidth.Load(ref at), lower);
                upper = TWidth.MultiplyAddExact(l, TWidth.Load(ref Unsafe.AddByteOffset(ref at, half)), upper);
                at = ref Unsafe.AddByteOffset(ref at, (nuint)stride * sizeof(double));
            }

            Finish<TWidth, TVector>(lower, upper, s, startsFromZero, ref Unsafe.Add(ref y, column));
        }
    }

    /// <summary>Computes the columns that are less than a vector in memory that has room for one.</summary>
    private static void Rest<TWidth, TVector>(
        ReadOnlySpan<double> left, ReadOnlySpan<double> right, int stride, double scale, Span<float> sums, int first,
        bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        Span<float> room = stackalloc float[ColumnMultiple];
        Span<float> rest = sums[first..];
        rest.CopyTo(room);
        OneRow<TWidth, TVector>(left, right, stride, scale, room[..TWidth.Lanes], first, startsFromZero);
        room[..rest.Length].CopyTo(rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TWidth, TVector>(
        TVector lower, TVector upper, TVector scale, bool startsFromZero, ref float sums)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref byte y = ref Unsafe.As<float, byte>(ref sums);
        TVector before = startsFromZero ? TWidth.BroadcastDouble(0) : TWidth.Load(ref y);
        TWidth.Store(
            TWidth.Narrow(
                TWidth.MultiplyAddRounded(lower, scale, TWidth.WidenLower(before)),
                TWidth.MultiplyAddRounded(upper, scale, TWidth.WidenUpper(before))),
            ref y);
    }
}
