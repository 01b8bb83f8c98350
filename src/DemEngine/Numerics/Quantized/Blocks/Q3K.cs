using System.Runtime.Intrinsics;

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
        Vector256<byte> upper = BlockBits.Load(block, 0);
        ReadOnlySpan<byte> packed = block.Slice(96, 12);
        for (int part = 0; part < 8; part++)
        {
            // A bit that is not set in the mask takes 4 off the code.
            Vector256<byte> codes = BlockBits.Take(BlockBits.Load(block, 32 + (part / 4 * 32)), part % 4 * 2, 3)
                | BlockBits.Take(upper, part, 1, 2);
            Span<float> of = values.Slice(part * 32, 32);
            IntegerCodes.Decode(codes.GetLower(), 4, d * Scale(packed, part * 2), of);
            IntegerCodes.Decode(codes.GetUpper(), 4, d * Scale(packed, (part * 2) + 1), of[16..]);
        }

        return true;
    }

    // The low four bits of the 16 scales lie in 8 bytes, and the high two in the 4 that follow.
    private static int Scale(ReadOnlySpan<byte> packed, int index) =>
        (((index < 8 ? packed[index] : packed[index - 8] >> 4) & 15) | (((packed[8 + (index % 4)] >> (index / 4 * 2)) & 3) << 4))
        - 32;
}
