using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>IEEE 754 binary32. A group of eight is two loads of 16 bytes.</summary>
internal readonly struct F32 : IDeviceElement, IDeviceEncoding
{
    public static bool FitsSingle => true;

    public static bool IsSingle => true;

    public static bool IsFinite(uint bits) => (bits & 0x7FFF_FFFF) < 0x7F80_0000;

    public static float Decode(uint bits) => Interop.IntAsFloat(bits);

    public static uint Encode(double value) => SingleRounding.Nearest(value);

    public static uint EncodeSingle(float value) => SingleRounding.Canonical(value);

    public static Eight Load(ArrayView<Words4> memory, long start, long group) =>
        EightFloats.Widen(LoadSingles(memory, start, group));

    public static EightFloats LoadSingles(ArrayView<Words4> memory, long start, long group)
    {
        Words4 lower = memory[start + (2 * group)];
        Words4 upper = memory[start + (2 * group) + 1];
        return new EightFloats(
            Decode(lower.W0), Decode(lower.W1), Decode(lower.W2), Decode(lower.W3),
            Decode(upper.W0), Decode(upper.W1), Decode(upper.W2), Decode(upper.W3));
    }

    public static float LoadOne(ArrayView<Words4> memory, long start, long index) =>
        Decode(memory.Cast<uint>()[(4 * start) + index]);

    public static uint StoreSingles(EightFloats values, ArrayView<Words4> memory, long start, long group)
    {
        var lower = new Words4(
            EncodeSingle(values.E0), EncodeSingle(values.E1), EncodeSingle(values.E2), EncodeSingle(values.E3));
        var upper = new Words4(
            EncodeSingle(values.E4), EncodeSingle(values.E5), EncodeSingle(values.E6), EncodeSingle(values.E7));
        memory[start + (2 * group)] = lower;
        memory[start + (2 * group) + 1] = upper;
        return NonFinite(lower) | (NonFinite(upper) << 4);
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
