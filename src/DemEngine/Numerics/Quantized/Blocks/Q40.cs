namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>32 codes of 4 bits with a scale in F16: (code − 8) · d, exact in binary32.</summary>
internal readonly struct Q40 : IBlockFormat
{
    public static uint Number => 2;

    public static string Name => "Q4_0";

    public static int Elements => 32;

    public static int Bytes => 18;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        if (!float.IsFinite(d))
            return false;
        Span<byte> codes = stackalloc byte[32];
        BlockBits.Take(block.Slice(2, 16), 0, 15, codes);
        BlockBits.Take(block.Slice(2, 16), 4, 15, codes[16..]);
        IntegerCodes.Decode(codes, 8, d, values);
        return true;
    }
}
