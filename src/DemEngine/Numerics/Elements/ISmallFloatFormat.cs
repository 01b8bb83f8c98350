namespace DemEngine.Numerics.Elements;

/// <summary>
/// Constants of a float type with fewer exponent bits than binary32. A new such type is one new implementation.
/// </summary>
internal interface ISmallFloatFormat
{
    static abstract ElementType Type { get; }

    /// <summary>Number of bits of the whole element: 8 or 16.</summary>
    static abstract int Width { get; }

    /// <summary>Number of stored bits of the significand.</summary>
    static abstract int MantissaBits { get; }

    /// <summary>Exponent bias, the number that is added to the exponent before it is stored.</summary>
    static abstract int Bias { get; }

    /// <summary>The smallest encoding, without sign, that is not finite: an infinity, or a NaN where the type has none.</summary>
    static abstract uint FirstNonFinite { get; }

    /// <summary>The encoding of every NaN.</summary>
    static abstract uint CanonicalNaN { get; }
}
