using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Applies the masks of <see cref="DeltaMask"/> to the differences of a block, in place. Spans hold whole vectors.
/// </summary>
internal static class MaskKernel<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const double TwoToThe32 = 4294967296;
    private const int WordBits = 64;

    private static ReadOnlySpan<uint> BitOfLane => [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768];

    /// <summary>Keeps the differences above one threshold and not above another.</summary>
    /// <param name="deltas">Differences to mask.</param>
    /// <param name="first">Index in the tensor of the first difference.</param>
    /// <param name="least">Lower threshold; differences that are not above it are dropped.</param>
    /// <param name="most">Upper threshold; differences above it are dropped.</param>
    public static void Band(Span<float> deltas, long first, Threshold least, Threshold most)
    {
        long end = first + deltas.Length;
        if (!Splits(least, first, end) && !Splits(most, first, end))
        {
            BandOfOneKind(deltas, least.Key, least.LastTie >= first, most.Key, most.LastTie >= first);
            return;
        }

        for (int i = 0; i < deltas.Length; i++)
        {
            uint key = DeltaKey.Of(deltas[i]);
            if (!least.IsBelow(key, first + i) || most.IsBelow(key, first + i))
                deltas[i] = 0;
        }
    }

    /// <summary>Finds the words that are less than a threshold.</summary>
    /// <param name="words">Random words, in whole vectors.</param>
    /// <param name="threshold">Threshold that the kept words are less than.</param>
    /// <param name="bits">Receives a bit for each word, that of the first word lowest.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Draw(ReadOnlySpan<uint> words, uint threshold, Span<ulong> bits)
    {
        ref byte random = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(words));
        TVector limit = TWidth.Broadcast(threshold);
        int whole = words.Length / WordBits;
        for (int word = 0; word < whole; word++)
        {
            ulong drawn = 0;
            for (int lane = 0; lane < WordBits; lane += TWidth.Lanes)
                drawn |= Less(ref random, (word * WordBits) + lane, limit) << lane;
            bits[word] = drawn;
        }

        if (whole * WordBits == words.Length)
            return;
        bits[whole] = 0;
        for (int lane = 0; (whole * WordBits) + lane < words.Length; lane += TWidth.Lanes)
            bits[whole] |= Less(ref random, (whole * WordBits) + lane, limit) << lane;
    }

    /// <summary>Keeps the differences whose bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Drawn(Span<float> deltas, ReadOnlySpan<ulong> bits)
    {
        ref byte values = ref Bytes(deltas);
        TVector bitOfLane = TWidth.Load(ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(BitOfLane)));
        int whole = deltas.Length / WordBits;
        for (int word = 0; word < whole; word++)
        {
            ulong drawn = bits[word];
            for (int lane = 0; lane < WordBits; lane += TWidth.Lanes)
                Keep(ref values, (word * WordBits) + lane, (uint)(drawn >> lane), bitOfLane);
        }

        for (int lane = 0; (whole * WordBits) + lane < deltas.Length; lane += TWidth.Lanes)
            Keep(ref values, (whole * WordBits) + lane, (uint)(bits[whole] >> lane), bitOfLane);
    }

    /// <summary>Keeps the differences whose word is less than a threshold that depends on the rank.</summary>
    public static void Ranked(Span<float> deltas, ReadOnlySpan<uint> words, ReadOnlySpan<uint> ranks, MagPruneMask filter)
    {
        for (int i = 0; i < ranks.Length; i++)
        {
            ulong threshold = filter.Threshold(ranks[i]);
            if (words[i] >= threshold)
                deltas[i] = 0;
            else if (filter.IsUnbiased)
                deltas[i] = (float)(deltas[i] * TwoToThe32 / threshold);
        }
    }

    /// <summary>Keeps the differences whose binary32(|δ|·factor) is above a threshold.</summary>
    public static void Importance(Span<float> deltas, long first, ImportanceMask filter)
    {
        for (int i = 0; i < deltas.Length; i++)
        {
            long row = (first + i) / filter.Factors.RowElements;
            if (row < filter.Factors.Values.Length
                && !filter.Least.IsBelow(DeltaKey.Of(Math.Abs(deltas[i]) * filter.Factors.Values[row]), first + i))
                deltas[i] = 0;
        }
    }

    /// <summary>Limits the magnitudes of the differences.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Limit(Span<float> deltas, float limit)
    {
        ref byte values = ref Bytes(deltas);
        TVector most = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(limit));
        TVector infinity = TWidth.Broadcast(0x7F80_0000);
        TVector magnitudeBits = TWidth.Broadcast(0x7FFF_FFFF);
        for (nuint at = 0; at < (nuint)deltas.Length * sizeof(float); at += (nuint)Unsafe.SizeOf<TVector>())
        {
            ref byte place = ref Unsafe.AddByteOffset(ref values, at);
            TVector value = TWidth.Load(ref place);
            TVector magnitude = TWidth.And(value, magnitudeBits);
            TVector bounded = TWidth.Xor(TWidth.Xor(value, magnitude), TWidth.Min(magnitude, most));
            TWidth.Store(TWidth.Select(TWidth.Less(infinity, magnitude), value, bounded), ref place);
        }
    }

    /// <summary>Drops the differences of a source whose key is not above a threshold.</summary>
    /// <param name="deltas">Differences of one source.</param>
    /// <param name="keys">Keys of the elements.</param>
    /// <param name="first">Index in the tensor of the first difference.</param>
    /// <param name="least">Lower threshold; differences that are not above it are dropped.</param>
    public static void ByKey(Span<float> deltas, ReadOnlySpan<uint> keys, long first, Threshold least)
    {
        for (int i = 0; i < deltas.Length; i++)
        {
            if (!least.IsBelow(keys[i], first + i))
                deltas[i] = 0;
        }
    }

    /// <summary>Whether some ties of a range are above the threshold and others are not.</summary>
    private static bool Splits(Threshold cut, long first, long end) => cut.LastTie >= first && cut.LastTie < end - 1;

    /// <summary>
    /// Applies both thresholds where ties are all above or all below each. A key plus 1 is larger than another key if the two are
    /// equal.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BandOfOneKind(Span<float> deltas, uint least, bool withLeast, uint most, bool withMost)
    {
        ref byte values = ref Bytes(deltas);
        TVector lower = TWidth.Broadcast(least);
        TVector lowerTies = TWidth.Broadcast(withLeast ? 1u : 0);
        TVector upper = TWidth.Broadcast(most);
        TVector upperTies = TWidth.Broadcast(withMost ? 1u : 0);
        for (nuint at = 0; at < (nuint)deltas.Length * sizeof(float); at += (nuint)Unsafe.SizeOf<TVector>())
        {
            ref byte place = ref Unsafe.AddByteOffset(ref values, at);
            TVector value = TWidth.Load(ref place);
            TVector key = KeyKernel<TWidth, TVector>.Of(value);
            TVector isEnough = TWidth.Less(lower, TWidth.Add(key, lowerTies));
            TVector isTooMuch = TWidth.Less(upper, TWidth.Add(key, upperTies));
            TWidth.Store(TWidth.Select(isTooMuch, default, TWidth.And(value, isEnough)), ref place);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Less(ref byte words, int index, TVector limit) =>
        TWidth.TopBits(TWidth.Less(TWidth.Load(ref Unsafe.AddByteOffset(ref words, (nuint)index * sizeof(uint))), limit));

    /// <summary>Keeps the differences of a vector whose bit is set in the lowest bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep(ref byte deltas, int index, uint bits, TVector bitOfLane)
    {
        ref byte place = ref Unsafe.AddByteOffset(ref deltas, (nuint)index * sizeof(float));
        TVector isKept = TWidth.Equal(TWidth.And(TWidth.Broadcast(bits), bitOfLane), bitOfLane);
        TWidth.Store(TWidth.And(TWidth.Load(ref place), isKept), ref place);
    }

    private static ref byte Bytes(Span<float> deltas) => ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(deltas));
}
