using ILGPU;

namespace DemEngine.Kernels.Elements;

/// <summary>The BF16 type: the upper half of an IEEE 754 binary32, read by a shift and rounded by an integer addition.</summary>
internal readonly struct BF16 : IDeviceElement, IDeviceEncoding
{
    public static bool FitsSingle => true;

    public static bool IsFinite(uint bits) => (bits & 0x7FFF) < 0x7F80;

    public static double Decode(uint bits) => Interop.IntAsFloat(bits << 16);

    public static uint Encode(double value)
    {
        uint odd = SingleRounding.ToOdd(value);

        // Zero, or below the normal numbers.
        if ((odd & 0x7F80_0000) == 0)
            odd = SingleRounding.SubnormalToOdd(value);

        // Adds half of the last kept place, less one where that place is even, so that ties go to even. The canonical NaN is
        // unchanged.
        return (odd + 0x7FFF + ((odd >> 16) & 1)) >> 16;
    }

    public static Eight Load(ArrayView<Words4> memory, long start, long group) => TwoBytes.Load<BF16>(memory, start, group);

    public static uint Store(Eight values, ArrayView<Words4> memory, long start, long group) =>
        TwoBytes.Store<BF16>(values, memory, start, group);
}
