using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>Sums over one leaf in the order of <see cref="GramOrder"/>. Spans hold whole vectors, +0 after the last element.</summary>
internal static class SumKernel<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Σ|v|.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static double Magnitudes(ReadOnlySpan<float> values)
    {
        Span<double> lanes = stackalloc double[GramOrder.Lanes];
        lanes.Clear();
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(lanes));
        TVector signOff = TWidth.Broadcast(0x7FFF_FFFF);
        for (int j = 0; j < values.Length; j += TWidth.Lanes)
        {
            TVector magnitude = TWidth.And(LoadAt(values, j), signOff);
            ref byte at = ref Unsafe.AddByteOffset(ref sums, (nuint)(j % GramOrder.Lanes) * sizeof(double));
            ref byte next = ref Unsafe.AddByteOffset(ref at, (nuint)Unsafe.SizeOf<TVector>());
            TWidth.Store(TWidth.AddDouble(TWidth.Load(ref at), TWidth.WidenLower(magnitude)), ref at);
            TWidth.Store(TWidth.AddDouble(TWidth.Load(ref next), TWidth.WidenUpper(magnitude)), ref next);
        }

        return GramOrder.SumLanes(lanes);
    }

    /// <summary>Σ v².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static double Squares(ReadOnlySpan<float> values)
    {
        Span<double> lanes = stackalloc double[GramOrder.Lanes];
        lanes.Clear();
        ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(lanes));
        for (int j = 0; j < values.Length; j += TWidth.Lanes)
        {
            TVector value = LoadAt(values, j);
            TVector lower = TWidth.WidenLower(value);
            TVector upper = TWidth.WidenUpper(value);
            ref byte at = ref Unsafe.AddByteOffset(ref sums, (nuint)(j % GramOrder.Lanes) * sizeof(double));
            ref byte next = ref Unsafe.AddByteOffset(ref at, (nuint)Unsafe.SizeOf<TVector>());
            TWidth.Store(TWidth.MultiplyAddExact(lower, lower, TWidth.Load(ref at)), ref at);
            TWidth.Store(TWidth.MultiplyAddExact(upper, upper, TWidth.Load(ref next)), ref next);
        }

        return GramOrder.SumLanes(lanes);
    }

    /// <summary>For each source how many of its values are not 0 alone, and how many beside another's.</summary>
    /// <param name="block">The values.</param>
    /// <param name="sources">Of how many sources.</param>
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector LoadAt(ReadOnlySpan<float> values, int index) =>
        TWidth.Load(ref Unsafe.AddByteOffset(ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(values)), (nuint)index * sizeof(float)));
}
