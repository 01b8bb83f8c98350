namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// 256 codes of 5 bits, the fifth bit of each apart. Each 32 have a scale and a least value as in <see cref="Q4K"/>.
/// </summary>
internal readonly struct Q5K : IBlockFormat
{
    public static uint Number => 13;

    public static string Name => "Q5_K";

    public static int Elements => 256;

    public static int Bytes => 176;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        float least = BlockBits.Half(block, 2);
        if (!float.IsFinite(d) || !float.IsFinite(least))
            return false;
        Span<byte> codes = stackalloc byte[32];
        for (int part = 0; part < 8; part++)
        {
            BlockBits.Take(block.Slice(48 + (part / 2 * 32), 32), part % 2 * 4, 15, codes);
            BlockBits.Add(block.Slice(16, 32), part, 1, 4, codes);
            (int scale, int low) = BlockBits.Pair(block.Slice(4, 12), part);
            IntegerCodes.DecodeAffine(codes, d * scale, least * low, values.Slice(part * 32, 32));
        }

        return true;
    }
}
