using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Sums over one leaf in the order of <see cref="GramOrder"/>. Spans hold whole vectors, with +0 after the last element.
/// </summary>
internal static class SumKernel<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const uint RowBytes = GramOrder.Lanes * sizeof(float);

    /// <summary>Computes Σ|v|.</summary>
    public static double Magnitudes(ReadOnlySpan<float> values) => Sum<Magnitude>(values);

    /// <summary>Computes Σ v².</summary>
    public static double Squares(ReadOnlySpan<float> values) => Sum<Square>(values);

    private interface ISummand
    {
        /// <summary>Adds the summands of half a vector's values, as doubles, to a sum.</summary>
        static abstract TVector Add(TVector sum, TVector values);
    }

    private readonly struct Magnitude : ISummand
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Add(TVector sum, TVector values) =>
            TWidth.AddDouble(
                sum, TWidth.And(values, TWidth.BroadcastDouble(BitConverter.UInt64BitsToDouble(ulong.MaxValue >> 1))));
    }

    private readonly struct Square : ISummand
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Add(TVector sum, TVector values) => TWidth.MultiplyAddExact(values, values, sum);
    }

    /// <summary>
    /// Sums the values: eight registers of lanes at a time go down the whole rows, and what is left over is added to the lanes in
    /// memory.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static double Sum<TSummand>(ReadOnlySpan<float> values)
        where TSummand : ISummand
    {
        Span<double> lanes = stackalloc double[GramOrder.Lanes];
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(lanes));
        ref byte origin = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(values));
        nuint register = (nuint)Unsafe.SizeOf<TVector>();
        nuint half = register / 2;
        nuint end = (nuint)(values.Length / GramOrder.Lanes) * RowBytes;
        for (nuint column = 0; column < RowBytes; column += 4 * register)
        {
            TVector s0 = default, s1 = default, s2 = default, s3 = default,
                s4 = default, s5 = default, s6 = default, s7 = default;
            for (nuint at = column; at < end; at += RowBytes)
            {
                ref byte from = ref Unsafe.AddByteOffset(ref origin, at);
                s0 = TSummand.Add(s0, TWidth.LoadWidened(ref from));
                s1 = TSummand.Add(s1, TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref from, half)));
                s2 = TSummand.Add(s2, TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref from, 2 * half)));
                s3 = TSummand.Add(s3, TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref from, 3 * half)));
                s4 = TSummand.Add(s4, TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref from, 4 * half)));
                s5 = TSummand.Add(s5, TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref from, 5 * half)));
                s6 = TSummand.Add(s6, TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref from, 6 * half)));
                s7 = TSummand.Add(s7, TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref from, 7 * half)));
            }

            ref byte to = ref Unsafe.AddByteOffset(ref sums, 2 * column);
            TWidth.Store(s0, ref to);
            TWidth.Store(s1, ref Unsafe.AddByteOffset(ref to, register));
            TWidth.Store(s2, ref Unsafe.AddByteOffset(ref to, 2 * register));
            TWidth.Store(s3, ref Unsafe.AddByteOffset(ref to, 3 * register));
            TWidth.Store(s4, ref Unsafe.AddByteOffset(ref to, 4 * register));
            TWidth.Store(s5, ref Unsafe.AddByteOffset(ref to, 5 * register));
            TWidth.Store(s6, ref Unsafe.AddByteOffset(ref to, 6 * register));
            TWidth.Store(s7, ref Unsafe.AddByteOffset(ref to, 7 * register));
        }

        for (nuint at = end; at < (nuint)values.Length * sizeof(float); at += half)
        {
            ref byte to = ref Unsafe.AddByteOffset(ref sums, 2 * (at - end));
            TWidth.Store(TSummand.Add(TWidth.Load(ref to), TWidth.LoadWidened(ref Unsafe.AddByteOffset(ref origin, at))), ref to);
        }

        return GramOrder.SumLanes(lanes);
    }

    /// <summary>
    /// Counts for each source the elements in which only its value is not 0, and those in which another's is not 0 either.
    /// </summary>
    /// <param name="block">Block with the values.</param>
    /// <param name="sources">Number of sources.</param>
    /// <param name="counts">Receives two counts for each source.</param>
    public static void Overlap(DeltaBlock<TWidth, TVector> block, int sources, Span<double> counts)
    {
        counts.Clear();
        for (int i = 0; i < block.Count; i++)
        {
            int there = 0;
            for (int k = 0; k < sources; k++)
                there += block[k][i] != 0 ? 1 : 0;
            for (int k = 0; k < sources; k++)
            {
                if (block[k][i] != 0)
                    counts[(2 * k) + (there > 1 ? 1 : 0)]++;
            }
        }
    }
}
