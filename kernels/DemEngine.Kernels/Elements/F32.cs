using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>IEEE 754 binary32. A group of eight is two loads of 16 bytes.</summary>
internal readonly struct F32 : IDeviceElement, IDeviceEncoding
{
    public static bool FitsSingle => true;

    public static bool IsFinite(uint bits) => (bits & 0x7FFF_FFFF) < 0x7F80_0000;

    public static double Decode(uint bits) => Interop.IntAsFloat(bits);

    public static uint Encode(double value) => SingleRounding.Nearest(value);

    public static Eight Load(ArrayView<Words4> memory, long start, long group)
    {
        Words4 lower = memory[start + (2 * group)];
        Words4 upper = memory[start + (2 * group) + 1];
        return new Eight(
            Decode(lower.W0), Decode(lower.W1), Decode(lower.W2), Decode(lower.W3),
            Decode(upper.W0), Decode(upper.W1), Decode(upper.W2), Decode(upper.W3));
    }

    public static uint Store(Eight values, ArrayView<Words4> memory, long start, long group)
    {
        var lower = new Words4(Encode(values.E0), Encode(values.E1), Encode(values.E2), Encode(values.E3));
        var upper = new Words4(Encode(values.E4), Encode(values.E5), Encode(values.E6), Encode(values.E7));
        memory[start + (2 * group)] = lower;
        memory[start + (2 * group) + 1] = upper;
        return NonFinite(lower) | (NonFinite(upper) << 4);
    }

    private static uint NonFinite(Words4 words) =>
        Bit(words.W0, 1) | Bit(words.W1, 2) | Bit(words.W2, 4) | Bit(words.W3, 8);

    private static uint Bit(uint bits, uint bit) => Utilities.Select(IsFinite(bits), 0u, bit);
}
