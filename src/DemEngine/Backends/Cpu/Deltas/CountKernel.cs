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
    /// <summary>Adds the keys that a window shows to its bins.</summary>
    /// <param name="keys">The keys. They lie in whole vectors; what is beyond <paramref name="count"/> is not counted, and overwritten.</param>
    /// <param name="count">How many.</param>
    /// <param name="window">What is counted.</param>
    /// <param name="bins">As many as the window has.</param>
    public static void Run(Span<uint> keys, int count, KeyWindow window, Span<uint> bins)
    {
        ulong width = (ulong)window.Bins << window.Shift;
        if (window.First == 0 && width > DeltaKey.Largest)
            Everything(keys[..count], window.Shift, bins);
        else
            Within(keys, count, window, (uint)Math.Min(width, uint.MaxValue), bins);
    }

    private static void Everything(ReadOnlySpan<uint> keys, int shift, Span<uint> bins)
    {
        ref uint first = ref MemoryMarshal.GetReference(bins);
        foreach (uint key in keys)
            Unsafe.Add(ref first, key >> shift)++;
    }

    /// <summary>Few keys lie in a window that is not the whole range; vectors without any are passed over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Within(Span<uint> keys, int count, KeyWindow window, uint width, Span<uint> bins)
    {
        keys[count..].Fill(uint.MaxValue);
        ref byte values = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(keys));
        TVector first = TWidth.Broadcast(window.First);
        TVector limit = TWidth.Broadcast(width);
        for (int j = 0; j < keys.Length; j += TWidth.Lanes)
        {
            TVector offset = TWidth.Subtract(TWidth.Load(ref Unsafe.AddByteOffset(ref values, (nuint)j * sizeof(uint))), first);
            if (!TWidth.AnySet(TWidth.Less(offset, limit)))
                continue;

            for (int lane = j; lane < j + TWidth.Lanes; lane++)
            {
                uint from = keys[lane] - window.First;
                if (from < width)
                    bins[(int)(from >> window.Shift)]++;
            }
        }
    }
}
