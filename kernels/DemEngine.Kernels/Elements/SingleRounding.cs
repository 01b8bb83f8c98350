using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>
/// Branch-free conversions from double to the bits of binary32, for results that must be rounded only once.
/// </summary>
internal static class SingleRounding
{
    private const uint LostBits = (1u << 29) - 1; // 53 − 24 bits of mantissa

    /// <summary>Rounds to nearest even, a NaN to the canonical one, as binary32 results are rounded.</summary>
    public static uint Nearest(double value) => Canonical(value, Interop.FloatAsInt((float)value));

    /// <summary>
    /// Rounds to odd: truncates to the 24 significant bits of binary32 and sets the last bit if anything was lost. Rounding that
    /// to 22 bits or fewer equals rounding the value itself (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums",
    /// 2008). This does not hold below binary32's smallest normal number, where the conversion itself rounds.
    /// </summary>
    public static uint ToOdd(double value)
    {
        // Adding LostBits to the lost bits carries into the last kept bit exactly where they are not all zero.
        ulong bits = Interop.FloatAsInt(value);
        uint low = (uint)bits;
        uint odd = (low | ((low & LostBits) + LostBits)) & ~LostBits;
        double exact = Interop.IntAsFloat((bits & 0xFFFF_FFFF_0000_0000) | odd);
        return Canonical(value, Interop.FloatAsInt((float)exact));
    }

    /// <summary>
    /// Rounds any finite value to odd, as <see cref="ToOdd"/> does, by comparing the value with the converted one.
    /// </summary>
    public static uint SubnormalToOdd(double value)
    {
        float nearest = (float)value;
        uint bits = Interop.FloatAsInt(nearest);
        double size = Math.Abs(value);
        double rounded = Math.Abs((double)nearest);
        uint step = Utilities.Select(size > rounded, 1u, Utilities.Select(size < rounded, uint.MaxValue, 0u));
        return bits + Utilities.Select((bits & 1) == 0, step, 0u);
    }

    /// <summary>The bits of a number, of a NaN those of the canonical one.</summary>
    public static uint Canonical(float value) =>
        Utilities.Select(float.IsNaN(value), 0x7FC0_0000u, Interop.FloatAsInt(value));

    private static uint Canonical(double value, uint single) => Utilities.Select(double.IsNaN(value), 0x7FC0_0000u, single);
}
