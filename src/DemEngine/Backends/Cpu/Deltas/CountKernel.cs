using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>Counts keys in bins.</summary>
internal static class CountKernel<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int WidestVector = 16;

    /// <summary>Counts the keys that lie in a window and adds them to its bins.</summary>
    /// <param name="keys">
    /// Keys in whole vectors. Those beyond <paramref name="count"/> are not counted, and are overwritten.
    /// </param>
    /// <param name="count">Number of keys to count.</param>
    /// <param name="window">Window of keys to count.</param>
    /// <param name="counts">Counts to add to, as many as the window has.</param>
    /// <param name="room">Scratch memory for as many keys as <paramref name="keys"/> has.</param>
    public static void Run(Span<uint> keys, int count, KeyWindow window, Span<uint> counts, Span<uint> room)
    {
        ulong width = (ulong)window.Bins << window.Shift;
        uint limit = (uint)Math.Min(width, uint.MaxValue);
        if (window.Counts == 1)
            counts[0] += One(keys, count, window.First, limit);
        else if (window.First == 0 && width > DeltaKey.Largest)
            Everything(keys[..count], window, counts);
        else
            Within(keys, count, window, limit, counts, room[..keys.Length]);
    }

    /// <summary>Counts the keys in one bin, with a counter in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint One(ReadOnlySpan<uint> keys, int count, uint first, uint limit)
    {
        int whole = count - (count % TWidth.Lanes);
        ref byte values = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(keys));
        TVector firsts = TWidth.Broadcast(first);
        TVector limits = TWidth.Broadcast(limit);
        TVector counts = default;
        for (int j = 0; j < whole; j += TWidth.Lanes)
        {
            TVector offset = TWidth.Subtract(TWidth.Load(ref Unsafe.AddByteOffset(ref values, (nuint)j * sizeof(uint))), firsts);
            counts = TWidth.Subtract(counts, TWidth.Less(offset, limits));
        }

        Span<uint> lanes = stackalloc uint[WidestVector];
        TWidth.Store(counts, ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(lanes)));
        uint sum = 0;
        foreach (uint lane in lanes[..TWidth.Lanes])
            sum += lane;
        foreach (uint key in keys[whole..count])
            sum += key - first < limit ? 1u : 0;
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Everything(ReadOnlySpan<uint> keys, KeyWindow window, Span<uint> counts)
    {
        int shift = window.Shift;
        ref uint bins = ref MemoryMarshal.GetReference(counts);
        foreach (uint key in keys)
            Unsafe.Add(ref bins, key >> shift)++;
        if (!window.CountsFirsts)
            return;

        ref uint firsts = ref Unsafe.Add(ref bins, window.Bins);
        uint rest = (1u << shift) - 1;
        foreach (uint key in keys)
            Unsafe.Add(ref firsts, key >> shift) += (key & rest) == 0 ? 1u : 0;
    }

    /// <summary>
    /// Counts in a window that is not the whole range. Few keys lie there, so they are moved together first, which saves a test
    /// of each vector.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Within(Span<uint> keys, int count, KeyWindow window, uint width, Span<uint> counts, Span<uint> room)
    {
        keys[count..].Fill(uint.MaxValue);
        ref byte values = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(keys));
        ref byte found = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(room));
        TVector first = TWidth.Broadcast(window.First);
        TVector limit = TWidth.Broadcast(width);
        int within = 0;
        for (int j = 0; j < keys.Length; j += TWidth.Lanes)
        {
            TVector offset = TWidth.Subtract(TWidth.Load(ref Unsafe.AddByteOffset(ref values, (nuint)j * sizeof(uint))), first);
            within += TWidth.Compress(
                offset, TWidth.Less(offset, limit), ref Unsafe.AddByteOffset(ref found, (nuint)within * sizeof(uint)));
        }

        foreach (uint offset in room[..within])
        {
            uint bin = offset >> window.Shift;
            counts[(int)bin]++;
            if (window.CountsFirsts)
                counts[(int)bin + window.Bins] += bin << window.Shift == offset ? 1u : 0;
        }
    }
}
