namespace DemEngine.Numerics.Elements;

/// <summary>Constants of a float type with fewer exponent bits than binary32; see <see cref="SmallFloatFormats"/>.</summary>
internal interface ISmallFloatFormat
{
    static abstract ElementType Type { get; }

    /// <summary>Number of bits of the whole element: 8 or 16.</summary>
    static abstract int Width { get; }

    /// <summary>Number of stored bits of the significand.</summary>
    static abstract int MantissaBits { get; }

    /// <summary>Exponent bias, the number that is added to the exponent before it is stored.</summary>
    static abstract int Bias { get; }

    /// <summary>
    /// The smallest encoding, without sign, that is not finite: an infinity, or a NaN where the type has none. It is the sign bit
    /// where every encoding without sign is finite.
    /// </summary>
    static abstract uint FirstNonFinite { get; }

    /// <summary>The encoding of every NaN. Where it is the sign bit alone, the type has no negative zero.</summary>
    static abstract uint CanonicalNaN { get; }
}
