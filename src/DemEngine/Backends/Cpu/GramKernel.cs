using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu;

/// <summary>The dot products of one leaf, in the order that <see cref="GramOrder"/> defines.</summary>
internal static class GramKernel<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>⟨a, b⟩ of one leaf of binary32 values, padded with zeros.</summary>
    /// <param name="a"><see cref="GramOrder.LeafElements"/> values.</param>
    /// <param name="b">As many.</param>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Span<double> lanes = stackalloc double[GramOrder.Lanes];
        ref byte left = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(a[..GramOrder.LeafElements]));
        ref byte right = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(b[..GramOrder.LeafElements]));
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(lanes));

        // Two vectors of lanes at a time: four independent sums hide the latency of the addition.
        for (int lane = 0; lane < GramOrder.Lanes; lane += 2 * TWidth.Lanes)
        {
            TVector sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            for (int j = lane; j < GramOrder.LeafElements; j += GramOrder.Lanes)
            {
                TVector x = LoadAt(ref left, j);
                TVector y = LoadAt(ref right, j);
                sum0 = TWidth.MultiplyAddExact(TWidth.WidenLower(x), TWidth.WidenLower(y), sum0);
                sum1 = TWidth.MultiplyAddExact(TWidth.WidenUpper(x), TWidth.WidenUpper(y), sum1);

                x = LoadAt(ref left, j + TWidth.Lanes);
                y = LoadAt(ref right, j + TWidth.Lanes);
                sum2 = TWidth.MultiplyAddExact(TWidth.WidenLower(x), TWidth.WidenLower(y), sum2);
                sum3 = TWidth.MultiplyAddExact(TWidth.WidenUpper(x), TWidth.WidenUpper(y), sum3);
            }

            nuint size = (nuint)Unsafe.SizeOf<TVector>();
            ref byte at = ref Unsafe.AddByteOffset(ref sums, (nuint)lane * sizeof(double));
            TWidth.Store(sum0, ref at);
            TWidth.Store(sum1, ref Unsafe.AddByteOffset(ref at, size));
            TWidth.Store(sum2, ref Unsafe.AddByteOffset(ref at, 2 * size));
            TWidth.Store(sum3, ref Unsafe.AddByteOffset(ref at, 3 * size));
        }

        return GramOrder.SumLanes(lanes);
    }

    /// <summary>Binary32 differences x − b, in place of x.</summary>
    public static void Subtract(Span<float> x, ReadOnlySpan<float> b)
    {
        ref byte target = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(x[..GramOrder.LeafElements]));
        ref byte subtrahend = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(b[..GramOrder.LeafElements]));
        for (int j = 0; j < GramOrder.LeafElements; j += TWidth.Lanes)
        {
            TVector difference = TWidth.SubtractSingle(LoadAt(ref target, j), LoadAt(ref subtrahend, j));
            TWidth.Store(difference, ref Unsafe.AddByteOffset(ref target, (nuint)j * sizeof(float)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector LoadAt(ref byte origin, int index) =>
        TWidth.Load(ref Unsafe.AddByteOffset(ref origin, (nuint)index * sizeof(float)));
}
