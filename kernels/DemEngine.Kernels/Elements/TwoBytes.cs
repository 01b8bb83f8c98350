using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>Loads and stores groups of eight two-byte elements, 16 bytes at a time.</summary>
internal static class TwoBytes
{
    public static Eight Load<T>(ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding => EightFloats.Widen(LoadSingles<T>(memory, start, group));

    public static EightFloats LoadSingles<T>(ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        Words4 words = memory[start + group];
        return new EightFloats(
            Lower<T>(words.W0), Upper<T>(words.W0), Lower<T>(words.W1), Upper<T>(words.W1),
            Lower<T>(words.W2), Upper<T>(words.W2), Lower<T>(words.W3), Upper<T>(words.W3));
    }

    public static uint Store<T>(Eight values, ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        var words = new Words4(
            Pack(T.Encode(values.E0), T.Encode(values.E1)),
            Pack(T.Encode(values.E2), T.Encode(values.E3)),
            Pack(T.Encode(values.E4), T.Encode(values.E5)),
            Pack(T.Encode(values.E6), T.Encode(values.E7)));
        memory[start + group] = words;
        return NonFinite<T>(words);
    }

    public static uint StoreSingles<T>(EightFloats values, ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        var words = new Words4(
            Pack(T.EncodeSingle(values.E0), T.EncodeSingle(values.E1)),
            Pack(T.EncodeSingle(values.E2), T.EncodeSingle(values.E3)),
            Pack(T.EncodeSingle(values.E4), T.EncodeSingle(values.E5)),
            Pack(T.EncodeSingle(values.E6), T.EncodeSingle(values.E7)));
        memory[start + group] = words;
        return NonFinite<T>(words);
    }

    public static float LoadOne<T>(ArrayView<Words4> memory, long start, long index)
        where T : unmanaged, IDeviceEncoding => T.Decode(memory.Cast<ushort>()[(8 * start) + index]);

    /// <summary>Puts two encodings into a word.</summary>
    public static uint Pack(uint lower, uint upper) => lower | (upper << 16);

    private static float Lower<T>(uint word)
        where T : unmanaged, IDeviceEncoding => T.Decode(word & 0xFFFF);

    private static float Upper<T>(uint word)
        where T : unmanaged, IDeviceEncoding => T.Decode(word >> 16);

    private static uint NonFinite<T>(Words4 words)
        where T : unmanaged, IDeviceEncoding =>
        NonFinite<T>(words.W0)
        | (NonFinite<T>(words.W1) << 2)
        | (NonFinite<T>(words.W2) << 4)
        | (NonFinite<T>(words.W3) << 6);

    private static uint NonFinite<T>(uint word)
        where T : unmanaged, IDeviceEncoding =>
        Utilities.Select(T.IsFinite(word), 0u, 1u)
        | Utilities.Select(T.IsFinite(word >> 16), 0u, 2u);
}
