using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>
/// Decoding and encoding of the types with fewer exponent bits than binary32 (F16 and the FP8 types), by operations on the bits
/// of binary32. The parameters are constants at every call.
/// </summary>
internal static class SmallEncoding
{
    /// <summary>Decodes an encoding exactly.</summary>
    public static double Decode(uint bits, int width, int mantissaBits, int bias, uint firstNonFinite)
    {
        int shift = 23 - mantissaBits;
        uint signBit = 1u << (width - 1);
        uint magnitude = bits & (signBit - 1);
        uint aligned = magnitude << shift;

        // A subnormal is m·2^(1 − bias). With the exponent of 2^(1 − bias) put in front, it is too large by exactly that number.
        uint one = (uint)(128 - bias) << 23;
        uint subnormal = Interop.FloatAsInt(Interop.IntAsFloat(aligned + one) - Interop.IntAsFloat(one));
        uint normal = aligned + ((uint)(127 - bias) << 23);
        uint value = Utilities.Select(magnitude < (1u << mantissaBits), subnormal, normal);
        value = Utilities.Select(magnitude < firstNonFinite, value, aligned | 0x7F80_0000);
        return Interop.IntAsFloat(value | ((bits & signBit) << (32 - width)));
    }

    /// <summary>
    /// Encodes the nearest value. Values that are too large become <paramref name="firstNonFinite"/> with their sign, and a NaN
    /// becomes any NaN.
    /// </summary>
    public static uint Encode(double value, int width, int mantissaBits, int bias, uint firstNonFinite)
    {
        int shift = 23 - mantissaBits;
        uint single = SingleRounding.ToOdd(value);
        uint magnitude = single & 0x7FFF_FFFF;
        uint sign = (single >> (32 - width)) & (1u << (width - 1));

        // Changes the bias, and adds half of the last kept place, less one where that place is even.
        uint odd = (magnitude >> shift) & 1;
        uint normal = (magnitude + odd + ((1u << (shift - 1)) - 1) - ((uint)(127 - bias) << 23)) >> shift;

        // Adding the binary32 number whose last place is the subnormals' spacing rounds to that spacing.
        uint spacing = (uint)(127 + 24 - bias - mantissaBits) << 23;
        uint subnormal = Interop.FloatAsInt(Interop.IntAsFloat(magnitude) + Interop.IntAsFloat(spacing)) - spacing;

        uint encoded = Utilities.Select(magnitude < ((uint)(128 - bias) << 23), subnormal, normal);
        return Utilities.Select(encoded < firstNonFinite, encoded, firstNonFinite) | sign;
    }
}
