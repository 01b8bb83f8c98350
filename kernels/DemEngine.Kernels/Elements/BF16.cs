using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>The BF16 type: the upper half of an IEEE 754 binary32, read by a shift and rounded by an integer addition.</summary>
internal readonly struct BF16 : IDeviceRounding
{
    public static bool FitsSingle => true;

    public static bool IsSingle => false;

    public static bool IsFinite(uint bits) => (bits & 0x7FFF) < 0x7F80;

    public static float Decode(uint bits) => Interop.IntAsFloat(bits << 16);

    public static uint Encode(double value)
    {
        uint odd = SingleRounding.ToOdd(value);

        // Zero, or below the normal numbers.
        if ((odd & 0x7F80_0000) == 0)
            odd = SingleRounding.SubnormalToOdd(value);

        return Nearest(odd);
    }

    public static uint EncodeSingle(float value) => Nearest(SingleRounding.Canonical(value));

    /// <remarks>
    /// The rounding changes at the midpoint between the two nearest results. Binary32 numbers without a sign are ordered as their
    /// bits are. The second condition keeps clear of overflow, and of what is not finite.
    /// </remarks>
    public static uint RoundApproximation(float sum, float bound)
    {
        uint bits = Interop.FloatAsInt(sum);
        float middle = Interop.IntAsFloat((bits & 0xFFFF_0000) | 0x8000);
        bool isDecided = (Interop.FloatAsInt(bound) < Interop.FloatAsInt(Math.Abs(sum - middle)))
            & ((bits & 0x7FFF_FFFF) < 0x7F00_0000);
        return Utilities.Select(isDecided, (bits + 0x8000) >> 16, IDeviceRounding.Undecided);
    }

    public static EightFloats LoadSingles(ArrayView<Words4> memory, long start, long group) =>
        TwoBytes.LoadSingles<BF16>(memory, start, group);

    public static float LoadOne(ArrayView<Words4> memory, long start, long index) =>
        TwoBytes.LoadOne<BF16>(memory, start, index);

    public static uint StoreSingles(EightFloats values, ArrayView<Words4> memory, long start, long group) =>
        TwoBytes.StoreSingles<BF16>(values, memory, start, group);

    public static Eight Load(ArrayView<Words4> memory, long start, long group) => TwoBytes.Load<BF16>(memory, start, group);

    public static uint Store(Eight values, ArrayView<Words4> memory, long start, long group) =>
        TwoBytes.Store<BF16>(values, memory, start, group);

    // Adds half of the last kept place, less one where that place is even, so that ties go to even. The canonical NaN is
    // unchanged.
    private static uint Nearest(uint single) => (single + 0x7FFF + ((single >> 16) & 1)) >> 16;
}
