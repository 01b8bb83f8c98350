using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DemEngine.Numerics;

/// <summary>
/// Philox4x32-10, a stateless random number generator. Any number of a stream is computed from its index alone, so that threads,
/// tiles and devices do not affect what is drawn (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
/// </summary>
/// <param name="key">Key that selects the stream.</param>
internal readonly struct Philox(ulong key)
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;
    private const int WordsPerBlock = 4;
    private const int VectorWords = 32 * WordsPerBlock;

    /// <summary>The word at an index of the stream: word <c>index mod 4</c> of the block with counter <c>index / 4</c>.</summary>
    public uint this[long index]
    {
        get
        {
            ulong counter = (ulong)index / WordsPerBlock;
            uint c0 = (uint)counter, c1 = (uint)(counter >> 32), c2 = 0, c3 = 0;
            uint k0 = (uint)key, k1 = (uint)(key >> 32);
            for (int round = 0; round < Rounds; round++)
            {
                ulong p0 = (ulong)Multiplier0 * c0;
                ulong p1 = (ulong)Multiplier1 * c2;
                (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
                k0 += Weyl0;
                k1 += Weyl1;
            }

            return (index % WordsPerBlock) switch { 0 => c0, 1 => c1, 2 => c2, _ => c3 };
        }
    }

    /// <summary>Fills a span with consecutive words.</summary>
    /// <param name="first">Index of the first word; not negative.</param>
    /// <param name="words">Receives the words.</param>
    public void Fill(long first, Span<uint> words)
    {
        for (; words.Length > 0 && first % WordsPerBlock != 0; words = words[1..])
            words[0] = this[first++];

        int whole = words.Length - (words.Length % VectorWords);
        FillVectors((ulong)first / WordsPerBlock, words[..whole]);
        for (int i = whole; i < words.Length; i++)
            words[i] = this[first + i];
    }

    /// <summary>
    /// Fills whole vectors of eight blocks, one block in each 64-bit lane, whose lower half holds the 32-bit state.
    /// Multiplications read only the lower halves, so that what they leave in the upper halves does not matter.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillVectors(ulong counter, Span<uint> words)
    {
        Vector512<ulong> m0 = Vector512.Create((ulong)Multiplier0);
        Vector512<ulong> m1 = Vector512.Create((ulong)Multiplier1);
        Vector512<ulong> low = Vector512.Create(0xFFFF_FFFFUL);
        Vector512<ulong> counters = Vector512.Create(counter) + Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7);
        Span<ulong> target = MemoryMarshal.Cast<uint, ulong>(words);
        Span<Vector512<ulong>> keys = stackalloc Vector512<ulong>[2 * Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            keys[2 * round] = Vector512.Create((ulong)unchecked((uint)key + ((uint)round * Weyl0)));
            keys[(2 * round) + 1] = Vector512.Create((ulong)unchecked((uint)(key >> 32) + ((uint)round * Weyl1)));
        }

        ref Vector512<ulong> k = ref MemoryMarshal.GetReference(keys);
        for (; target.Length > 0; target = target[(VectorWords / 2)..])
        {
            // Four independent vectors hide the latency of the multiplications, each of which waits for the one before.
            var s0 = new State(counters);
            var s1 = new State(counters + Vector512.Create(8UL));
            var s2 = new State(counters + Vector512.Create(16UL));
            var s3 = new State(counters + Vector512.Create(24UL));
            for (int round = 0; round < 2 * Rounds; round += 2)
            {
                Vector512<ulong> k0 = Unsafe.Add(ref k, round);
                Vector512<ulong> k1 = Unsafe.Add(ref k, round + 1);
                s0.Next(m0, m1, k0, k1);
                s1.Next(m0, m1, k0, k1);
                s2.Next(m0, m1, k0, k1);
                s3.Next(m0, m1, k0, k1);
            }

            s0.Store(target);
            s1.Store(target[16..]);
            s2.Store(target[32..]);
            s3.Store(target[48..]);
            counters += Vector512.Create(32UL);
        }
    }

    private ref struct State(Vector512<ulong> counters)
    {
        private Vector512<ulong> _c0 = counters;
        private Vector512<ulong> _c1 = counters >>> 32;
        private Vector512<ulong> _c2;
        private Vector512<ulong> _c3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next(Vector512<ulong> m0, Vector512<ulong> m1, Vector512<ulong> k0, Vector512<ulong> k1)
        {
            Vector512<ulong> p0 = MultiplyLower(m0, _c0);
            Vector512<ulong> p1 = MultiplyLower(m1, _c2);
            _c0 = UpperHalves(p1) ^ _c1 ^ k0;
            _c1 = p1;
            _c2 = UpperHalves(p0) ^ _c3 ^ k1;
            _c3 = p0;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(Span<ulong> target)
        {
            Vector512<ulong> low = Vector512.Create(0xFFFF_FFFFUL);
            Philox.Store((_c0 & low) | (_c1 << 32), (_c2 & low) | (_c3 << 32), target);
        }
    }

    /// <summary>
    /// Stores block after block: <paramref name="even"/> holds the first two words of each, <paramref name="odd"/> the last two.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<ulong> even, Vector512<ulong> odd, Span<ulong> target)
    {
        if (Avx512F.IsSupported)
        {
            Avx512F.PermuteVar8x64x2(even, Vector512.Create(0UL, 8, 1, 9, 2, 10, 3, 11), odd).CopyTo(target);
            Avx512F.PermuteVar8x64x2(even, Vector512.Create(4UL, 12, 5, 13, 6, 14, 7, 15), odd).CopyTo(target[8..]);
            return;
        }

        for (int lane = 0; lane < 8; lane++)
        {
            target[2 * lane] = even[lane];
            target[(2 * lane) + 1] = odd[lane];
        }
    }

    /// <summary>
    /// Moves the upper half of each 64-bit lane to the lower. A shuffle is used where a shift would compete with the
    /// multiplications.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> UpperHalves(Vector512<ulong> lanes) =>
        Avx512F.IsSupported ? Avx512F.Shuffle(lanes.AsUInt32(), 0b11_11_01_01).AsUInt64() : lanes >>> 32;

    /// <summary>
    /// Multiplies the lower halves of 64-bit lanes, for which x86 has a faster instruction than for whole lanes.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> MultiplyLower(Vector512<ulong> a, Vector512<ulong> b)
    {
        if (Avx512F.IsSupported)
            return Avx512F.Multiply(a.AsUInt32(), b.AsUInt32());
        if (Avx2.IsSupported)
            return Vector512.Create(
                Avx2.Multiply(a.GetLower().AsUInt32(), b.GetLower().AsUInt32()),
                Avx2.Multiply(a.GetUpper().AsUInt32(), b.GetUpper().AsUInt32()));
        Vector512<ulong> low = Vector512.Create(0xFFFF_FFFFUL);
        return (a & low) * (b & low);
    }
}
