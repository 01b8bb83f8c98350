using System.Runtime.Intrinsics;

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
        ReadOnlySpan<byte> packed = block.Slice(4, 12);
        Vector256<byte> upper = BlockBits.Load(block, 16);
        for (int part = 0; part < 8; part++)
        {
            Vector256<byte> codes = BlockBits.Take(BlockBits.Load(block, 48 + (part / 2 * 32)), part % 2 * 4, 15)
                | BlockBits.Take(upper, part, 1, 4);
            (int scale, int low) = BlockBits.Pair(packed, part);
            IntegerCodes.DecodeAffine(codes, d * scale, least * low, values.Slice(part * 32, 32));
        }

        return true;
    }
}
