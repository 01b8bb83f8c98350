using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>From double to the bits of binary32, on the way to a result that is rounded once. Without branches.</summary>
internal static class SingleRounding
{
    private const uint LostBits = (1u << 29) - 1; // 53 − 24 bits of mantissa

    /// <summary>Nearest even, a NaN as the canonical one: what binary32 results are.</summary>
    public static uint Nearest(double value) => Canonical(value, Interop.FloatAsInt((float)value));

    /// <summary>
    /// To odd: cut to the 24 significant bits of binary32, the last bit set if anything was lost. Rounding that to 22 bits or fewer equals
    /// rounding the value itself (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008). Not so below binary32's
    /// smallest normal number, where the conversion rounds.
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

    /// <summary>The same for any finite value, by looking at what the conversion lost.</summary>
    public static uint SubnormalToOdd(double value)
    {
        float nearest = (float)value;
        uint bits = Interop.FloatAsInt(nearest);
        double size = Math.Abs(value);
        double rounded = Math.Abs((double)nearest);
        uint step = Utilities.Select(size > rounded, 1u, Utilities.Select(size < rounded, uint.MaxValue, 0u));
        return bits + Utilities.Select((bits & 1) == 0, step, 0u);
    }

    private static uint Canonical(double value, uint single) => Utilities.Select(double.IsNaN(value), 0x7FC0_0000u, single);
}
