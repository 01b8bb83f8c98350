using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>Loads and stores groups of eight one-byte elements, 8 bytes at a time.</summary>
internal static class OneByte
{
    public static Eight Load<T>(ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        Words2 words = memory.Cast<Words2>()[(2 * start) + group];
        return new Eight(
            Byte<T>(words.W0, 0), Byte<T>(words.W0, 8), Byte<T>(words.W0, 16), Byte<T>(words.W0, 24),
            Byte<T>(words.W1, 0), Byte<T>(words.W1, 8), Byte<T>(words.W1, 16), Byte<T>(words.W1, 24));
    }

    public static uint Store<T>(Eight values, ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        var words = new Words2(
            T.Encode(values.E0) | (T.Encode(values.E1) << 8) | (T.Encode(values.E2) << 16) | (T.Encode(values.E3) << 24),
            T.Encode(values.E4) | (T.Encode(values.E5) << 8) | (T.Encode(values.E6) << 16) | (T.Encode(values.E7) << 24));
        memory.Cast<Words2>()[(2 * start) + group] = words;
        return NonFinite<T>(words.W0) | (NonFinite<T>(words.W1) << 4);
    }

    private static double Byte<T>(uint word, int shift)
        where T : unmanaged, IDeviceEncoding => T.Decode((word >> shift) & 0xFF);

    private static uint NonFinite<T>(uint word)
        where T : unmanaged, IDeviceEncoding =>
        Bit<T>(word, 1) | Bit<T>(word >> 8, 2) | Bit<T>(word >> 16, 4) | Bit<T>(word >> 24, 8);

    private static uint Bit<T>(uint encoding, uint bit)
        where T : unmanaged, IDeviceEncoding => Utilities.Select(T.IsFinite(encoding), 0u, bit);
}
