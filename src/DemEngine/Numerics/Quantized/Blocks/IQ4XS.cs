namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// 256 indices into the table of <see cref="IQ4NL"/>. Each 32 have a scale of 6 bits in units of a number in F16:
/// table[code] · (d · (scale − 32)), exact in binary32.
/// </summary>
internal readonly struct IQ4XS : IBlockFormat
{
    public static uint Number => 23;

    public static string Name => "IQ4_XS";

    public static int Elements => 256;

    public static int Bytes => 136;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        if (!float.IsFinite(d))
            return false;
        Span<byte> codes = stackalloc byte[32];
        int upper = block[2] | (block[3] << 8);
        for (int part = 0; part < 8; part++)
        {
            int scale = ((block[4 + (part / 2)] >> (part % 2 * 4)) & 15) | (((upper >> (part * 2)) & 3) << 4);
            BlockBits.Take(block.Slice(8 + (part * 16), 16), 0, 15, codes);
            BlockBits.Take(block.Slice(8 + (part * 16), 16), 4, 15, codes[16..]);
            IQ4NL.Table.Decode(codes, d * (scale - 32), values.Slice(part * 32, 32));
        }

        return true;
    }
}
