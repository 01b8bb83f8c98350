namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// 256 codes of 6 bits, the upper two of each apart. Each 16 have a signed scale of 8 bits in units of a number in F16:
/// (code − 32) · (d · scale), exact in binary32.
/// </summary>
internal readonly struct Q6K : IBlockFormat
{
    public static uint Number => 14;

    public static string Name => "Q6_K";

    public static int Elements => 256;

    public static int Bytes => 210;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 208);
        if (!float.IsFinite(d))
            return false;
        Span<byte> codes = stackalloc byte[32];
        for (int part = 0; part < 8; part++)
        {
            // The halves of the block are alike: their parts 0 and 1 are the low bits of 64 bytes, parts 2 and 3 the high ones.
            var (half, quarter) = Math.DivRem(part, 4);
            BlockBits.Take(block.Slice((half * 64) + (quarter % 2 * 32), 32), quarter / 2 * 4, 15, codes);
            BlockBits.Add(block.Slice(128 + (half * 32), 32), quarter * 2, 3, 4, codes);
            for (int k = 0; k < 2; k++)
            {
                int scale = (sbyte)block[192 + (part * 2) + k];
                IntegerCodes.Decode(codes.Slice(k * 16, 16), 32, d * scale, values.Slice((part * 32) + (k * 16), 16));
            }
        }

        return true;
    }
}
