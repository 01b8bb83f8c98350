using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DemEngine.Numerics.Quantized;

/// <summary>Transposes matrices of codes that are stored the other way round than they are used.</summary>
internal static class Transpose
{
    /// <summary>Transposes a matrix of 32-bit words.</summary>
    /// <param name="from">The matrix, <paramref name="rows"/> × <paramref name="columns"/>, row-major.</param>
    /// <param name="rows">Number of its rows.</param>
    /// <param name="columns">Number of its columns.</param>
    /// <param name="to">Receives the matrix of <paramref name="columns"/> rows; must not overlap.</param>
    public static void Words(ReadOnlySpan<uint> from, int rows, int columns, Span<uint> to)
    {
        int count = checked(rows * columns);
        ref uint source = ref MemoryMarshal.GetReference(from[..count]);
        ref uint target = ref MemoryMarshal.GetReference(to[..count]);
        int wholeRows = Avx2.IsSupported ? rows / 8 * 8 : 0;
        int wholeColumns = columns / 8 * 8;
        for (int row = 0; row < wholeRows; row += 8)
        {
            for (int column = 0; column < wholeColumns; column += 8)
                EightByEight(
                    ref Unsafe.Add(ref source, (nint)row * columns + column),
                    columns,
                    ref Unsafe.Add(ref target, (nint)column * rows + row),
                    rows);
        }

        for (int row = 0; row < rows; row++)
        {
            for (int column = row < wholeRows ? wholeColumns : 0; column < columns; column++)
                to[(column * rows) + row] = from[(row * columns) + column];
        }
    }

    /// <summary>Transposes a matrix of 16 × 16 bytes.</summary>
    /// <param name="from">The matrix; the first bytes of two rows are <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance between rows.</param>
    /// <param name="to">Receives 16 rows that follow each other.</param>
    public static void SixteenBytes(ReadOnlySpan<byte> from, int stride, Span<byte> to)
    {
        if (Avx512Vbmi.IsSupported)
        {
            SixteenBytesBySixtyFour(from, stride, to);
            return;
        }

        if (!Sse2.IsSupported)
        {
            for (int row = 0; row < 16; row++)
            {
                for (int column = 0; column < 16; column++)
                    to[(column * 16) + row] = from[(row * stride) + column];
            }

            return;
        }

        // Each round interleaves the first eight rows with the last eight, as two halves of a deck of cards. After four rounds a
        // byte's place has exchanged its row and its column.
        Span<Vector128<byte>> rows = stackalloc Vector128<byte>[16];
        Span<Vector128<byte>> next = MemoryMarshal.Cast<byte, Vector128<byte>>(to[..256]);
        for (int row = 0; row < 16; row++)
            rows[row] = Vector128.Create(from.Slice(row * stride, 16));
        for (int round = 0; round < 4; round++)
        {
            for (int row = 0; row < 8; row++)
            {
                next[2 * row] = Sse2.UnpackLow(rows[row], rows[row + 8]);
                next[(2 * row) + 1] = Sse2.UnpackHigh(rows[row], rows[row + 8]);
            }

            if (round < 3)
                next.CopyTo(rows);
        }
    }

    // Four rows are in a register. Their bytes of one column become a word, and the words of four registers are transposed.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixteenBytesBySixtyFour(ReadOnlySpan<byte> from, int stride, Span<byte> to)
    {
        var byColumn = Vector512.Create(
            (byte)0, 16, 32, 48, 1, 17, 33, 49, 2, 18, 34, 50, 3, 19, 35, 51,
            4, 20, 36, 52, 5, 21, 37, 53, 6, 22, 38, 54, 7, 23, 39, 55,
            8, 24, 40, 56, 9, 25, 41, 57, 10, 26, 42, 58, 11, 27, 43, 59,
            12, 28, 44, 60, 13, 29, 45, 61, 14, 30, 46, 62, 15, 31, 47, 63);
        ref byte source = ref MemoryMarshal.GetReference(from[..((15 * stride) + 16)]);
        ref byte target = ref MemoryMarshal.GetReference(to[..256]);
        Vector512<uint> a = FourRows(ref source, stride, byColumn);
        Vector512<uint> b = FourRows(ref Unsafe.Add(ref source, 4 * stride), stride, byColumn);
        Vector512<uint> c = FourRows(ref Unsafe.Add(ref source, 8 * stride), stride, byColumn);
        Vector512<uint> d = FourRows(ref Unsafe.Add(ref source, 12 * stride), stride, byColumn);
        Vector512<ulong> ab = Avx512F.UnpackLow(a, b).AsUInt64(), abUpper = Avx512F.UnpackHigh(a, b).AsUInt64();
        Vector512<ulong> cd = Avx512F.UnpackLow(c, d).AsUInt64(), cdUpper = Avx512F.UnpackHigh(c, d).AsUInt64();
        StoreRows(Avx512F.UnpackLow(ab, cd).AsByte(), ref target);
        StoreRows(Avx512F.UnpackHigh(ab, cd).AsByte(), ref Unsafe.Add(ref target, 16));
        StoreRows(Avx512F.UnpackLow(abUpper, cdUpper).AsByte(), ref Unsafe.Add(ref target, 32));
        StoreRows(Avx512F.UnpackHigh(abUpper, cdUpper).AsByte(), ref Unsafe.Add(ref target, 48));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> FourRows(ref byte from, int stride, Vector512<byte> byColumn)
    {
        var rows = Vector512.Create(
            Vector256.Create(Vector128.LoadUnsafe(ref from), Vector128.LoadUnsafe(ref from, (nuint)stride)),
            Vector256.Create(
                Vector128.LoadUnsafe(ref from, (nuint)(2 * stride)), Vector128.LoadUnsafe(ref from, (nuint)(3 * stride))));
        return Avx512Vbmi.PermuteVar64x8(rows, byColumn).AsUInt32();
    }

    // A quarter of the register is every fourth row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRows(Vector512<byte> rows, ref byte to)
    {
        rows.GetLower().GetLower().StoreUnsafe(ref to);
        rows.GetLower().GetUpper().StoreUnsafe(ref to, 64);
        rows.GetUpper().GetLower().StoreUnsafe(ref to, 128);
        rows.GetUpper().GetUpper().StoreUnsafe(ref to, 192);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightByEight(ref uint from, nint fromStride, ref uint to, nint toStride)
    {
        // Pairs of rows are interleaved by words, then by pairs of words, then by halves of registers.
        Vector256<float> r0 = Row(ref from, 0, fromStride), r1 = Row(ref from, 1, fromStride);
        Vector256<float> r2 = Row(ref from, 2, fromStride), r3 = Row(ref from, 3, fromStride);
        Vector256<float> r4 = Row(ref from, 4, fromStride), r5 = Row(ref from, 5, fromStride);
        Vector256<float> r6 = Row(ref from, 6, fromStride), r7 = Row(ref from, 7, fromStride);
        Vector256<double> a0 = Avx.UnpackLow(r0, r1).AsDouble(), a1 = Avx.UnpackHigh(r0, r1).AsDouble();
        Vector256<double> a2 = Avx.UnpackLow(r2, r3).AsDouble(), a3 = Avx.UnpackHigh(r2, r3).AsDouble();
        Vector256<double> a4 = Avx.UnpackLow(r4, r5).AsDouble(), a5 = Avx.UnpackHigh(r4, r5).AsDouble();
        Vector256<double> a6 = Avx.UnpackLow(r6, r7).AsDouble(), a7 = Avx.UnpackHigh(r6, r7).AsDouble();
        Store(Avx.UnpackLow(a0, a2), Avx.UnpackLow(a4, a6), ref to, 0, toStride);
        Store(Avx.UnpackHigh(a0, a2), Avx.UnpackHigh(a4, a6), ref to, 1, toStride);
        Store(Avx.UnpackLow(a1, a3), Avx.UnpackLow(a5, a7), ref to, 2, toStride);
        Store(Avx.UnpackHigh(a1, a3), Avx.UnpackHigh(a5, a7), ref to, 3, toStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Row(ref uint from, nint row, nint stride) =>
        Vector256.LoadUnsafe(ref Unsafe.Add(ref from, row * stride)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<double> upper, Vector256<double> lower, ref uint to, nint row, nint stride)
    {
        Avx.Permute2x128(upper, lower, 0x20).AsUInt32().StoreUnsafe(ref Unsafe.Add(ref to, row * stride));
        Avx.Permute2x128(upper, lower, 0x31).AsUInt32().StoreUnsafe(ref Unsafe.Add(ref to, (row + 4) * stride));
    }
}
