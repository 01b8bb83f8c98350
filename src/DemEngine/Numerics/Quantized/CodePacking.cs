namespace DemEngine.Numerics.Quantized;

/// <summary>Order of the codes within a byte.</summary>
internal enum CodePacking
{
    /// <summary>One code in each byte.</summary>
    Bytes,

    /// <summary>Two codes of 4 bits in each byte, the first one in the low bits.</summary>
    LowNibbleFirst,

    /// <summary>Two codes of 4 bits in each byte, the first one in the high bits.</summary>
    HighNibbleFirst,
}
