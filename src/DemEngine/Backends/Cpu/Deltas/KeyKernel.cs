using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>Computes the keys of <see cref="DeltaKeys"/> over a block. Spans hold whole vectors.</summary>
internal static class KeyKernel<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Computes <see cref="DeltaKey.Of"/> in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of(TVector deltas) =>
        TWidth.Min(TWidth.And(deltas, TWidth.Broadcast(0x7FFF_FFFF)), TWidth.Broadcast(DeltaKey.NotANumber));

    /// <summary>Replaces differences with the keys of |δ|.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Magnitudes(Span<uint> deltas)
    {
        ref byte values = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(deltas));
        for (nuint at = 0; at < (nuint)deltas.Length * sizeof(float); at += (nuint)Unsafe.SizeOf<TVector>())
        {
            ref byte place = ref Unsafe.AddByteOffset(ref values, at);
            TWidth.Store(Of(TWidth.Load(ref place)), ref place);
        }
    }

    /// <summary>Replaces differences with the keys of binary32(|δ|·f).</summary>
    public static void Importances(Span<uint> deltas, long first, RowFactors factors)
    {
        for (int i = 0; i < deltas.Length; i++)
        {
            long row = (first + i) / factors.RowElements;
            float factor = row < factors.Values.Length ? factors.Values[row] : 0;
            deltas[i] = DeltaKey.Of(Math.Abs(BitConverter.UInt32BitsToSingle(deltas[i])) * factor);
        }
    }

    /// <summary>Computes the keys of the variance over the sources; see <see cref="SparseDeltas.Variance"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Spread(DeltaBlock<TWidth, TVector> block, int sources, Span<uint> keys)
    {
        ref byte target = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(keys));
        TVector signOff = TWidth.Broadcast(0x7FFF_FFFF);
        for (int j = 0; j < keys.Length; j += TWidth.Lanes)
        {
            TVector lower = default;
            TVector upper = default;
            for (int a = 0; a < sources; a++)
            {
                for (int b = a + 1; b < sources; b++)
                {
                    TVector difference = TWidth.SubtractSingle(LoadAt(block[a], j), LoadAt(block[b], j));
                    TVector ofLower = TWidth.WidenLower(difference);
                    TVector ofUpper = TWidth.WidenUpper(difference);
                    lower = TWidth.MultiplyAddExact(ofLower, ofLower, lower);
                    upper = TWidth.MultiplyAddExact(ofUpper, ofUpper, upper);
                }
            }

            TVector key = TWidth.Min(TWidth.And(TWidth.UpperWords(lower, upper), signOff), TWidth.Broadcast(DeltaKey.Largest));
            TWidth.Store(key, ref Unsafe.AddByteOffset(ref target, (nuint)j * sizeof(uint)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector LoadAt(Span<float> values, int index) =>
        TWidth.Load(
            ref Unsafe.AddByteOffset(
                ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(values)), (nuint)index * sizeof(float)));
}
