using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>IEEE 754 binary64. A group of eight is four loads of 16 bytes.</summary>
internal readonly struct F64 : IDeviceElement
{
    private const ulong CanonicalNaN = 0x7FF8_0000_0000_0000;

    public static bool FitsSingle => false;

    public static bool IsSingle => false;

    public static Eight Load(ArrayView<Words4> memory, long start, long group)
    {
        Words4 first = memory[start + (4 * group)];
        Words4 second = memory[start + (4 * group) + 1];
        Words4 third = memory[start + (4 * group) + 2];
        Words4 fourth = memory[start + (4 * group) + 3];
        return new Eight(
            Decode(first.W0, first.W1), Decode(first.W2, first.W3), Decode(second.W0, second.W1), Decode(second.W2, second.W3),
            Decode(third.W0, third.W1), Decode(third.W2, third.W3), Decode(fourth.W0, fourth.W1), Decode(fourth.W2, fourth.W3));
    }

    /// <summary>Never called, as not every value is a binary32 value.</summary>
    public static EightFloats LoadSingles(ArrayView<Words4> memory, long start, long group) => default;

    /// <summary>Never called, as not every value is a binary32 value.</summary>
    public static float LoadOne(ArrayView<Words4> memory, long start, long index) => 0;

    public static uint StoreSingles(EightFloats values, ArrayView<Words4> memory, long start, long group) =>
        Store(EightFloats.Widen(values), memory, start, group);

    public static uint Store(Eight values, ArrayView<Words4> memory, long start, long group)
    {
        memory[start + (4 * group)] = Encode(values.E0, values.E1);
        memory[start + (4 * group) + 1] = Encode(values.E2, values.E3);
        memory[start + (4 * group) + 2] = Encode(values.E4, values.E5);
        memory[start + (4 * group) + 3] = Encode(values.E6, values.E7);
        return Bit(values.E0, 1) | Bit(values.E1, 2) | Bit(values.E2, 4) | Bit(values.E3, 8)
            | Bit(values.E4, 16) | Bit(values.E5, 32) | Bit(values.E6, 64) | Bit(values.E7, 128);
    }

    private static double Decode(uint low, uint high) => Interop.IntAsFloat(low | ((ulong)high << 32));

    private static Words4 Encode(double first, double second)
    {
        ulong a = Utilities.Select(double.IsNaN(first), CanonicalNaN, Interop.FloatAsInt(first));
        ulong b = Utilities.Select(double.IsNaN(second), CanonicalNaN, Interop.FloatAsInt(second));
        return new Words4((uint)a, (uint)(a >> 32), (uint)b, (uint)(b >> 32));
    }

    private static uint Bit(double value, uint bit) => Utilities.Select(double.IsNaN(value) | double.IsInfinity(value), bit, 0u);
}
