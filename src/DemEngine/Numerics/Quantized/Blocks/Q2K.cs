namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// 256 codes of 2 bits. Each 16 have a scale and a least value of 4 bits, in units of two numbers in F16:
/// code · (d · scale) − least · m, the products exact and the difference rounded once to binary32.
/// </summary>
internal readonly struct Q2K : IBlockFormat
{
    public static uint Number => 10;

    public static string Name => "Q2_K";

    public static int Elements => 256;

    public static int Bytes => 84;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 80);
        float least = BlockBits.Half(block, 82);
        if (!float.IsFinite(d) || !float.IsFinite(least))
            return false;
        Span<byte> codes = stackalloc byte[32];
        for (int part = 0; part < 8; part++)
        {
            BlockBits.Take(block.Slice(16 + (part / 4 * 32), 32), part % 4 * 2, 3, codes);
            for (int half = 0; half < 2; half++)
            {
                int scale = block[(part * 2) + half];
                IntegerCodes.DecodeAffine(
                    codes.Slice(half * 16, 16),
                    d * (scale & 15),
                    least * (scale >> 4),
                    values.Slice((part * 32) + (half * 16), 16));
            }
        }

        return true;
    }
}
