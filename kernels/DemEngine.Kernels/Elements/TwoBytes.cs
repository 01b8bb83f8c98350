using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>Loads and stores groups of eight two-byte elements, 16 bytes at a time.</summary>
internal static class TwoBytes
{
    public static Eight Load<T>(ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        Words4 words = memory[start + group];
        return new Eight(
            Lower<T>(words.W0), Upper<T>(words.W0), Lower<T>(words.W1), Upper<T>(words.W1),
            Lower<T>(words.W2), Upper<T>(words.W2), Lower<T>(words.W3), Upper<T>(words.W3));
    }

    public static uint Store<T>(Eight values, ArrayView<Words4> memory, long start, long group)
        where T : unmanaged, IDeviceEncoding
    {
        var words = new Words4(
            Pack<T>(values.E0, values.E1),
            Pack<T>(values.E2, values.E3),
            Pack<T>(values.E4, values.E5),
            Pack<T>(values.E6, values.E7));
        memory[start + group] = words;
        return NonFinite<T>(words.W0)
            | (NonFinite<T>(words.W1) << 2)
            | (NonFinite<T>(words.W2) << 4)
            | (NonFinite<T>(words.W3) << 6);
    }

    private static double Lower<T>(uint word)
        where T : unmanaged, IDeviceEncoding => T.Decode(word & 0xFFFF);

    private static double Upper<T>(uint word)
        where T : unmanaged, IDeviceEncoding => T.Decode(word >> 16);

    private static uint Pack<T>(double lower, double upper)
        where T : unmanaged, IDeviceEncoding => T.Encode(lower) | (T.Encode(upper) << 16);

    private static uint NonFinite<T>(uint word)
        where T : unmanaged, IDeviceEncoding =>
        Utilities.Select(T.IsFinite(word), 0u, 1u)
        | Utilities.Select(T.IsFinite(word >> 16), 0u, 2u);
}
