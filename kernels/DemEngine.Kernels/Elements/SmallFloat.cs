using DemEngine.Numerics.Elements;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>
/// A type with fewer exponent bits than binary32 (F16 and the FP8 types), decoded and encoded by operations on the bits of
/// binary32, so that no device's conversion matters.
/// </summary>
/// <typeparam name="TFormat">Constants of the type, which are constants of the compiled kernel.</typeparam>
internal readonly struct SmallFloat<TFormat> : IDeviceRounding
    where TFormat : struct, ISmallFloatFormat
{
    public static bool FitsSingle => true;

    public static bool IsSingle => false;

    private static uint SignBit => 1u << (TFormat.Width - 1);

    private static bool HasNegativeZero => TFormat.CanonicalNaN != SignBit;

    private static bool HasInfinities => TFormat.CanonicalNaN != TFormat.FirstNonFinite;

    public static bool IsFinite(uint bits) => HasNegativeZero
        ? (bits & (SignBit - 1)) < TFormat.FirstNonFinite
        : (bits & (SignBit | (SignBit - 1))) != SignBit;

    public static float Decode(uint bits)
    {
        int shift = 23 - TFormat.MantissaBits;
        uint magnitude = bits & (SignBit - 1);
        uint aligned = magnitude << shift;

        // A subnormal is m·2^(1 − bias). With the exponent of 2^(1 − bias) put in front, it is too large by exactly that number.
        uint one = (uint)(128 - TFormat.Bias) << 23;
        uint subnormal = Interop.FloatAsInt(Interop.IntAsFloat(aligned + one) - Interop.IntAsFloat(one));
        uint normal = aligned + ((uint)(127 - TFormat.Bias) << 23);
        uint value = Utilities.Select(magnitude < (1u << TFormat.MantissaBits), subnormal, normal);
        value = Utilities.Select(IsFinite(bits), value, HasNegativeZero ? aligned | 0x7F80_0000 : 0x7FC0_0000);
        return Interop.IntAsFloat(value | ((bits & SignBit) << (32 - TFormat.Width)));
    }

    public static uint Encode(double value) => Nearest(SingleRounding.ToOdd(value));

    public static uint EncodeSingle(float value) => Nearest(SingleRounding.Canonical(value));

    /// <remarks>
    /// The rounding changes at the midpoint between the two nearest results. Binary32 numbers without a sign are ordered as their
    /// bits are. The other conditions keep well inside the normal numbers.
    /// </remarks>
    public static uint RoundApproximation(float sum, float bound)
    {
        int shift = 23 - TFormat.MantissaBits;
        uint half = 1u << (shift - 1);
        uint bits = Interop.FloatAsInt(sum);
        uint magnitude = bits & 0x7FFF_FFFF;
        float middle = Interop.IntAsFloat((bits & (uint.MaxValue << shift)) | half);
        bool isDecided = (Interop.FloatAsInt(bound) < Interop.FloatAsInt(Math.Abs(sum - middle)))
            & (magnitude >= (uint)(128 - TFormat.Bias) << 23)
            & (magnitude < (uint)(127 + TFormat.Bias) << 23);
        uint sign = (bits >> (32 - TFormat.Width)) & SignBit;
        uint rounded = sign | ((magnitude + half - ((uint)(127 - TFormat.Bias) << 23)) >> shift);
        return Utilities.Select(isDecided, rounded, IDeviceRounding.Undecided);
    }

    /// <summary>Rounds binary32 numbers, or those that <see cref="SingleRounding.ToOdd"/> makes.</summary>
    private static uint Nearest(uint single)
    {
        int shift = 23 - TFormat.MantissaBits;
        uint magnitude = single & 0x7FFF_FFFF;
        uint sign = (single >> (32 - TFormat.Width)) & SignBit;

        // Changes the bias, and adds half of the last kept place, less one where that place is even.
        uint odd = (magnitude >> shift) & 1;
        uint normal = (magnitude + odd + ((1u << (shift - 1)) - 1) - ((uint)(127 - TFormat.Bias) << 23)) >> shift;

        // Adding the binary32 number whose last place is the subnormals' spacing rounds to that spacing.
        uint spacing = (uint)(127 + 24 - TFormat.Bias - TFormat.MantissaBits) << 23;
        uint subnormal = Interop.FloatAsInt(Interop.IntAsFloat(magnitude) + Interop.IntAsFloat(spacing)) - spacing;

        uint encoded = Utilities.Select(magnitude < ((uint)(128 - TFormat.Bias) << 23), subnormal, normal);
        bool isFinite = encoded < TFormat.FirstNonFinite;
        if (!HasNegativeZero)
            sign = Utilities.Select(encoded == 0, 0u, sign);
        if (!HasInfinities)
            return Utilities.Select(isFinite, encoded | sign, TFormat.CanonicalNaN);

        uint bits = Utilities.Select(isFinite, encoded, TFormat.FirstNonFinite) | sign;
        return Utilities.Select(magnitude > 0x7F80_0000, TFormat.CanonicalNaN, bits);
    }

    public static Eight Load(ArrayView<Words4> memory, long start, long group) => TFormat.Width == 8
        ? OneByte.Load<SmallFloat<TFormat>>(memory, start, group)
        : TwoBytes.Load<SmallFloat<TFormat>>(memory, start, group);

    public static EightFloats LoadSingles(ArrayView<Words4> memory, long start, long group) => TFormat.Width == 8
        ? OneByte.LoadSingles<SmallFloat<TFormat>>(memory, start, group)
        : TwoBytes.LoadSingles<SmallFloat<TFormat>>(memory, start, group);

    public static float LoadOne(ArrayView<Words4> memory, long start, long index) => TFormat.Width == 8
        ? OneByte.LoadOne<SmallFloat<TFormat>>(memory, start, index)
        : TwoBytes.LoadOne<SmallFloat<TFormat>>(memory, start, index);

    public static uint StoreSingles(EightFloats values, ArrayView<Words4> memory, long start, long group) => TFormat.Width == 8
        ? OneByte.StoreSingles<SmallFloat<TFormat>>(values, memory, start, group)
        : TwoBytes.StoreSingles<SmallFloat<TFormat>>(values, memory, start, group);

    public static uint Store(Eight values, ArrayView<Words4> memory, long start, long group) => TFormat.Width == 8
        ? OneByte.Store<SmallFloat<TFormat>>(values, memory, start, group)
        : TwoBytes.Store<SmallFloat<TFormat>>(values, memory, start, group);
}
