namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>32 signed codes of 8 bits with a scale in F16: code · d, exact in binary32.</summary>
internal readonly struct Q80 : IBlockFormat
{
    private static readonly SignedCodes Codes = new();

    public static uint Number => 8;

    public static string Name => "Q8_0";

    public static int Elements => 32;

    public static int Bytes => 34;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        if (!float.IsFinite(d))
            return false;
        Codes.Decode(block.Slice(2, 32), d, values);
        return true;
    }
}
