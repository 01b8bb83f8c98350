using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.LowRank;

/// <summary>
/// Products of some rows of a large matrix M, or of their transposes, with a thin matrix X: Y ← Y + M·X and Y ← Y + Mᵀ·X. Both
/// factors hold binary32 numbers, whose products are exact in binary64, and the products of an element are summed in the order of
/// the columns, or of the rows, so that the result depends on neither the vectors' width nor how the rows are cut.
/// </summary>
internal static class ThinProducts
{
    private const int Together = 4;

    /// <summary>Computes Y ← Y + M·X for some rows of M, which are as many rows of Y.</summary>
    /// <param name="m">The rows of M, one after the other.</param>
    /// <param name="x">X, with as many rows as M has columns.</param>
    /// <param name="y">Y.</param>
    /// <param name="firstRow">Index of the first row in M and Y.</param>
    /// <param name="width">Width of the vectors; null for the widest.</param>
    public static void Add(ReadOnlySpan<float> m, ThinMatrix x, ThinMatrix y, int firstRow, VectorWidth? width = null)
    {
        int rows = m.Length / x.Rows;
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows * x.Rows, m.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Stride, y.Stride);
        Span<double> sums = y.Values.AsSpan(firstRow * y.Stride, rows * y.Stride);
        Run(m, rows, x.Rows, x.Values, sums, x.Stride, isTransposed: false, width);
    }

    /// <summary>Computes Y ← Y + Mᵀ·X for some rows of M, which belong to as many rows of X.</summary>
    /// <param name="m">The rows of M, one after the other.</param>
    /// <param name="x">X.</param>
    /// <param name="y">Y, with as many rows as M has columns.</param>
    /// <param name="firstRow">Index of the first row in M and X.</param>
    /// <param name="width">Width of the vectors; null for the widest.</param>
    public static void AddTransposed(ReadOnlySpan<float> m, ThinMatrix x, ThinMatrix y, int firstRow, VectorWidth? width = null)
    {
        int rows = m.Length / y.Rows;
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows * y.Rows, m.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Stride, y.Stride);
        ReadOnlySpan<double> factors = x.Values.AsSpan(firstRow * x.Stride, rows * x.Stride);
        Run(m, rows, y.Rows, factors, y.Values, x.Stride, isTransposed: true, width);
    }

    private static void Run(
        ReadOnlySpan<float> m, int rows, int columns, ReadOnlySpan<double> x, Span<double> y, int stride, bool isTransposed,
        VectorWidth? width)
    {
        // An element of M at [a, b] is at a·outer + b·inner, where a counts rows of Y and b rows of X.
        int outer = isTransposed ? 1 : columns;
        int inner = isTransposed ? columns : 1;
        int ofY = isTransposed ? columns : rows;
        int ofX = isTransposed ? rows : columns;
        switch (width ?? VectorWidths.Best)
        {
            case VectorWidth.Bits512:
                Run<Width512, Vector512<uint>>(m, outer, inner, ofY, ofX, x, y, stride);
                break;
            case VectorWidth.Bits256:
                Run<Width256, Vector256<uint>>(m, outer, inner, ofY, ofX, x, y, stride);
                break;
            default:
                Run<Width128, Vector128<uint>>(m, outer, inner, ofY, ofX, x, y, stride);
                break;
        }
    }

    private static void Run<TWidth, TVector>(
        ReadOnlySpan<float> m, int outer, int inner, int ofY, int ofX, ReadOnlySpan<double> x, Span<double> y, int stride)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        int whole = ofY - (ofY % Together);
        for (int row = 0; row < whole; row += Together)
            FourRows<TWidth, TVector>(m[(row * outer)..], outer, inner, ofX, x, y.Slice(row * stride, Together * stride), stride);
        for (int row = whole; row < ofY; row++)
            OneRow<TWidth, TVector>(m[(row * outer)..], inner, ofX, x, y.Slice(row * stride, stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<TWidth, TVector>(
        ReadOnlySpan<float> m, int outer, int inner, int ofX, ReadOnlySpan<double> x, Span<double> y, int stride)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref float from = ref MemoryMarshal.GetReference(m);
        ref byte ofRows = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(x));
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(y));
        nuint half = (nuint)(TWidth.Lanes / 2) * sizeof(double);
        nuint next = (nuint)stride * sizeof(double);
        for (int column = 0; column < stride; column += TWidth.Lanes)
        {
            ref byte a = ref Unsafe.AddByteOffset(ref sums, (nuint)column * sizeof(double));
            ref byte b = ref Unsafe.AddByteOffset(ref a, next);
            ref byte c = ref Unsafe.AddByteOffset(ref b, next);
            ref byte d = ref Unsafe.AddByteOffset(ref c, next);
            TVector a0 = TWidth.Load(ref a), a1 = TWidth.Load(ref Unsafe.AddByteOffset(ref a, half));
            TVector b0 = TWidth.Load(ref b), b1 = TWidth.Load(ref Unsafe.AddByteOffset(ref b, half));
            TVector c0 = TWidth.Load(ref c), c1 = TWidth.Load(ref Unsafe.AddByteOffset(ref c, half));
            TVector d0 = TWidth.Load(ref d), d1 = TWidth.Load(ref Unsafe.AddByteOffset(ref d, half));
            ref byte at = ref Unsafe.AddByteOffset(ref ofRows, (nuint)column * sizeof(double));
            ref float one = ref from;
            for (int k = 0; k < ofX; k++)
            {
                TVector x0 = TWidth.Load(ref at);
                TVector x1 = TWidth.Load(ref Unsafe.AddByteOffset(ref at, half));
                at = ref Unsafe.AddByteOffset(ref at, next);
                TVector f = TWidth.BroadcastDouble(one);
                a0 = TWidth.MultiplyAddExact(f, x0, a0);
                a1 = TWidth.MultiplyAddExact(f, x1, a1);
                f = TWidth.BroadcastDouble(Unsafe.Add(ref one, outer));
                b0 = TWidth.MultiplyAddExact(f, x0, b0);
                b1 = TWidth.MultiplyAddExact(f, x1, b1);
                f = TWidth.BroadcastDouble(Unsafe.Add(ref one, 2 * outer));
                c0 = TWidth.MultiplyAddExact(f, x0, c0);
                c1 = TWidth.MultiplyAddExact(f, x1, c1);
                f = TWidth.BroadcastDouble(Unsafe.Add(ref one, 3 * outer));
                d0 = TWidth.MultiplyAddExact(f, x0, d0);
                d1 = TWidth.MultiplyAddExact(f, x1, d1);
                one = ref Unsafe.Add(ref one, inner);
            }

            TWidth.Store(a0, ref a);
            TWidth.Store(a1, ref Unsafe.AddByteOffset(ref a, half));
            TWidth.Store(b0, ref b);
            TWidth.Store(b1, ref Unsafe.AddByteOffset(ref b, half));
            TWidth.Store(c0, ref c);
            TWidth.Store(c1, ref Unsafe.AddByteOffset(ref c, half));
            TWidth.Store(d0, ref d);
            TWidth.Store(d1, ref Unsafe.AddByteOffset(ref d, half));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow<TWidth, TVector>(ReadOnlySpan<float> m, int inner, int ofX, ReadOnlySpan<double> x, Span<double> y)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref byte ofRows = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(x));
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(y));
        int step = TWidth.Lanes / 2;
        for (int column = 0; column < y.Length; column += step)
        {
            ref byte sum = ref Unsafe.AddByteOffset(ref sums, (nuint)column * sizeof(double));
            TVector s = TWidth.Load(ref sum);
            for (int k = 0; k < ofX; k++)
            {
                nuint at = ((nuint)k * (nuint)y.Length) + (nuint)column;
                TVector factor = TWidth.Load(ref Unsafe.AddByteOffset(ref ofRows, at * sizeof(double)));
                s = TWidth.MultiplyAddExact(TWidth.BroadcastDouble(m[k * inner]), factor, s);
            }

            TWidth.Store(s, ref sum);
        }
    }
}
