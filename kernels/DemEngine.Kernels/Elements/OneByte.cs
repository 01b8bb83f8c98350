using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>Loads and stores groups of eight one-byte elements, 8 bytes at a time.</summary>
internal static class OneByte
{
    public static Eight Load<T>(ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding => EightFloats.Widen(LoadSingles<T>(memory, start, group));

    public static float LoadOne<T>(ArrayView<Words4> memory, long start, long index)
        where T : unmanaged, IDeviceEncoding => T.Decode(memory.Cast<byte>()[(16 * start) + index]);

    public static EightFloats LoadSingles<T>(ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        Words2 words = memory.Cast<Words2>()[(2 * start) + group];
        return new EightFloats(
            Byte<T>(words.W0, 0), Byte<T>(words.W0, 8), Byte<T>(words.W0, 16), Byte<T>(words.W0, 24),
            Byte<T>(words.W1, 0), Byte<T>(words.W1, 8), Byte<T>(words.W1, 16), Byte<T>(words.W1, 24));
    }

    public static uint Store<T>(Eight values, ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        uint lower = Pack(T.Encode(values.E0), T.Encode(values.E1), T.Encode(values.E2), T.Encode(values.E3));
        uint upper = Pack(T.Encode(values.E4), T.Encode(values.E5), T.Encode(values.E6), T.Encode(values.E7));
        return Store<T>(new Words2(lower, upper), memory, start, group);
    }

    public static uint StoreSingles<T>(EightFloats values, ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        uint lower = Pack(
            T.EncodeSingle(values.E0), T.EncodeSingle(values.E1), T.EncodeSingle(values.E2), T.EncodeSingle(values.E3));
        uint upper = Pack(
            T.EncodeSingle(values.E4), T.EncodeSingle(values.E5), T.EncodeSingle(values.E6), T.EncodeSingle(values.E7));
        return Store<T>(new Words2(lower, upper), memory, start, group);
    }

    private static uint Pack(uint a, uint b, uint c, uint d) => a | (b << 8) | (c << 16) | (d << 24);

    private static uint Store<T>(Words2 words, ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        memory.Cast<Words2>()[(2 * start) + group] = words;
        return NonFinite<T>(words.W0) | (NonFinite<T>(words.W1) << 4);
    }

    private static float Byte<T>(uint word, int shift)
        where T : unmanaged, IDeviceEncoding => T.Decode((word >> shift) & 0xFF);

    private static uint NonFinite<T>(uint word)
        where T : unmanaged, IDeviceEncoding =>
        Bit<T>(word, 1) | Bit<T>(word >> 8, 2) | Bit<T>(word >> 16, 4) | Bit<T>(word >> 24, 8);

    private static uint Bit<T>(uint encoding, uint bit)
        where T : unmanaged, IDeviceEncoding => Utilities.Select(T.IsFinite(encoding), 0u, bit);
}
