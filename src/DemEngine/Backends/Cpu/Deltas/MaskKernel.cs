using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Applies the masks of <see cref="DeltaMask"/> to the differences of a block, in place. Spans hold whole vectors. No mask drops
/// what is not finite.
/// </summary>
/// <param name="words">Memory for random words, as many as a block may have elements.</param>
/// <param name="drawn">Cache of the bits that random masks have drawn.</param>
internal sealed class MaskKernel<TWidth, TVector>(uint[] words, KeepMaskCache drawn)
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const double TwoToThe32 = 4294967296;
    private const uint MagnitudeBits = 0x7FFF_FFFF;
    private const uint Infinity = 0x7F80_0000;
    private const int WordBits = 64;

    private readonly ulong[] _bits = new ulong[KeepMaskCache.BlockWords];

    private static ReadOnlySpan<uint> BitOfLane => [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768];

    /// <summary>Applies a mask.</summary>
    /// <param name="mask">Mask to apply.</param>
    /// <param name="deltas">Differences to mask.</param>
    /// <param name="ranks">Ranks of the elements in their rows, where the mask needs them.</param>
    /// <param name="first">Index in the tensor of the first difference.</param>
    /// <param name="storesDraws">Whether the bits that a random mask draws will be needed again.</param>
    public void Apply(DeltaMask mask, Span<float> deltas, ReadOnlySpan<uint> ranks, long first, bool storesDraws)
    {
        switch (mask)
        {
            case MagnitudeMask band:
                Band(deltas, first, band.Least, band.Most);
                break;
            case BernoulliMask random:
                for (int start = 0; start < deltas.Length; start += KeepMaskCache.BlockElements)
                    Draw(
                        random,
                        deltas[start..Math.Min(deltas.Length, start + KeepMaskCache.BlockElements)],
                        first + start,
                        storesDraws);
                break;
            case MagPruneMask ranked:
                Ranked(deltas, Words(ranked.Stream, first, deltas.Length), ranks, ranked);
                break;
            case ImportanceMask importance:
                Importance(deltas, first, importance);
                break;
            case LimitMask limit:
                Limit(deltas, limit.Limit);
                break;
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
            if (!least.IsBelow(keys[i], first + i) && float.IsFinite(deltas[i]))
                deltas[i] = 0;
        }
    }

    /// <summary>Keeps the differences above one threshold and not above another.</summary>
    /// <param name="deltas">Differences to mask.</param>
    /// <param name="first">Index in the tensor of the first difference.</param>
    /// <param name="least">Lower threshold; differences that are not above it are dropped.</param>
    /// <param name="most">Upper threshold; differences above it are dropped.</param>
    private static void Band(Span<float> deltas, long first, Threshold least, Threshold most)
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
            if ((!least.IsBelow(key, first + i) || most.IsBelow(key, first + i)) && key < Infinity)
                deltas[i] = 0;
        }
    }

    /// <summary>Finds the words that are less than a threshold.</summary>
    /// <param name="words">Random words, in whole vectors.</param>
    /// <param name="threshold">Threshold that the kept words are less than.</param>
    /// <param name="bits">Receives a bit for each word, that of the first word lowest.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Draw(ReadOnlySpan<uint> words, uint threshold, Span<ulong> bits)
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

    /// <summary>Keeps the differences whose bit is set, and those that are not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Drawn(Span<float> deltas, ReadOnlySpan<ulong> bits)
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
    private static void Ranked(Span<float> deltas, ReadOnlySpan<uint> words, ReadOnlySpan<uint> ranks, MagPruneMask filter)
    {
        for (int i = 0; i < ranks.Length; i++)
        {
            ulong threshold = filter.Threshold(ranks[i]);
            if (!float.IsFinite(deltas[i]))
                continue;
            if (words[i] >= threshold)
                deltas[i] = 0;
            else if (filter.IsUnbiased)
                deltas[i] = (float)(deltas[i] * TwoToThe32 / threshold);
        }
    }

    /// <summary>Keeps the differences whose binary32(|δ|·factor) is above a threshold.</summary>
    private static void Importance(Span<float> deltas, long first, ImportanceMask filter)
    {
        for (int i = 0; i < deltas.Length; i++)
        {
            long row = (first + i) / filter.Factors.RowElements;
            if (row < filter.Factors.Values.Length
                && !filter.Least.IsBelow(DeltaKey.Of(Math.Abs(deltas[i]) * filter.Factors.Values[row]), first + i)
                && float.IsFinite(deltas[i]))
                deltas[i] = 0;
        }
    }

    /// <summary>Limits the magnitudes of the differences.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Limit(Span<float> deltas, float limit)
    {
        ref byte values = ref Bytes(deltas);
        TVector most = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(limit));
        TVector largest = TWidth.Broadcast(Infinity - 1);
        TVector magnitudeBits = TWidth.Broadcast(MagnitudeBits);
        for (nuint at = 0; at < (nuint)deltas.Length * sizeof(float); at += (nuint)Unsafe.SizeOf<TVector>())
        {
            ref byte place = ref Unsafe.AddByteOffset(ref values, at);
            TVector value = TWidth.Load(ref place);
            TVector magnitude = TWidth.And(value, magnitudeBits);
            TVector bounded = TWidth.Xor(TWidth.Xor(value, magnitude), TWidth.Min(magnitude, most));
            TWidth.Store(TWidth.Select(TWidth.Less(largest, magnitude), value, bounded), ref place);
        }
    }

    /// <summary>Keeps the elements of a random mask, which is drawn now or was drawn before.</summary>
    private void Draw(BernoulliMask mask, Span<float> deltas, long first, bool storesDraws)
    {
        if (mask.Threshold > uint.MaxValue)
            return;

        if (storesDraws || !drawn.TryTake(mask, first, _bits))
        {
            Draw(Words(mask.Stream, first, deltas.Length), (uint)mask.Threshold, _bits);
            if (storesDraws)
                drawn.Store(mask, first, _bits);
        }

        Drawn(deltas, _bits);
    }

    private ReadOnlySpan<uint> Words(ulong stream, long first, int count)
    {
        Span<uint> drawnNow = words.AsSpan(0, count);
        new Philox(stream).Fill(first, drawnNow);
        return drawnNow;
    }

    /// <summary>Whether some ties of a range are above the threshold and others are not.</summary>
    private static bool Splits(Threshold cut, long first, long end) => cut.LastTie >= first && cut.LastTie < end - 1;

    /// <summary>
    /// Applies both thresholds where ties are all above or all below each: keeps the keys from one number on and less than
    /// another, and those of what is not finite.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BandOfOneKind(Span<float> deltas, uint least, bool withLeast, uint most, bool withMost)
    {
        ref byte values = ref Bytes(deltas);
        uint start = (uint)Math.Min((ulong)least + (withLeast ? 0u : 1u), Infinity);
        uint end = (uint)Math.Min((ulong)most + (withMost ? 0u : 1u), Infinity);
        TVector fewest = TWidth.Broadcast(start);
        TVector tooMuch = TWidth.Broadcast(end);
        TVector tooMuchKeys = TWidth.Broadcast(Infinity - end);
        for (nuint at = 0; at < (nuint)deltas.Length * sizeof(float); at += (nuint)Unsafe.SizeOf<TVector>())
        {
            ref byte place = ref Unsafe.AddByteOffset(ref values, at);
            TVector value = TWidth.Load(ref place);
            TVector key = KeyKernel<TWidth, TVector>.Of(value);
            TVector isTooLittle = TWidth.Less(key, fewest);
            TVector isTooMuch = TWidth.Less(TWidth.Subtract(key, tooMuch), tooMuchKeys);
            TWidth.Store(TWidth.Select(TWidth.Or(isTooLittle, isTooMuch), default, value), ref place);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Less(ref byte words, int index, TVector limit) =>
        TWidth.TopBits(TWidth.Less(TWidth.Load(ref Unsafe.AddByteOffset(ref words, (nuint)index * sizeof(uint))), limit));

    /// <summary>Keeps the differences of a vector whose bit is set in the lowest bits, and those that are not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep(ref byte deltas, int index, uint bits, TVector bitOfLane)
    {
        ref byte place = ref Unsafe.AddByteOffset(ref deltas, (nuint)index * sizeof(float));
        TVector value = TWidth.Load(ref place);
        TVector isDrawn = TWidth.Equal(TWidth.And(TWidth.Broadcast(bits), bitOfLane), bitOfLane);
        TVector isNotFinite = TWidth.Equal(
            TWidth.And(value, TWidth.Broadcast(Infinity)), TWidth.Broadcast(Infinity));
        TWidth.Store(TWidth.And(value, TWidth.Or(isDrawn, isNotFinite)), ref place);
    }

    private static ref byte Bytes(Span<float> deltas) => ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(deltas));
}
