namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// 256 codes of 3 bits, the third bit of each in a mask. Each 16 have a scale of 6 bits in units of a number in F16:
/// (code − 4) · (d · (scale − 32)), exact in binary32.
/// </summary>
internal readonly struct Q3K : IBlockFormat
{
    public static uint Number => 11;

    public static string Name => "Q3_K";

    public static int Elements => 256;

    public static int Bytes => 110;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 108);
        if (!float.IsFinite(d))
            return false;
        Span<byte> codes = stackalloc byte[32];
        ReadOnlySpan<byte> packed = block.Slice(96, 12);
        for (int part = 0; part < 8; part++)
        {
            // A bit that is not set in the mask takes 4 off the code.
            BlockBits.Take(block.Slice(32 + (part / 4 * 32), 32), part % 4 * 2, 3, codes);
            BlockBits.Add(block[..32], part, 1, 2, codes);
            for (int half = 0; half < 2; half++)
            {
                // The low four bits of the 16 scales lie in 8 bytes, and the high two in the 4 that follow.
                int k = (part * 2) + half;
                int scale = ((k < 8 ? packed[k] : packed[k - 8] >> 4) & 15) | (((packed[8 + (k % 4)] >> (k / 4 * 2)) & 3) << 4);
                IntegerCodes.Decode(
                    codes.Slice(half * 16, 16), 4, d * (scale - 32), values.Slice((part * 32) + (half * 16), 16));
            }
        }

        return true;
    }
}
