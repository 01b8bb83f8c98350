using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// 256 codes of 4 bits. Each 32 have a scale and a least value of 6 bits, in units of two numbers in F16:
/// code · (d · scale) − least · m, the products exact and the difference rounded once to binary32.
/// </summary>
internal readonly struct Q4K : IBlockFormat
{
    public static uint Number => 12;

    public static string Name => "Q4_K";

    public static int Elements => 256;

    public static int Bytes => 144;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        float least = BlockBits.Half(block, 2);
        if (!float.IsFinite(d) || !float.IsFinite(least))
            return false;
        ReadOnlySpan<byte> packed = block.Slice(4, 12);
        for (int part = 0; part < 8; part++)
        {
            Vector256<byte> codes = BlockBits.Take(BlockBits.Load(block, 16 + (part / 2 * 32)), part % 2 * 4, 15);
            (int scale, int low) = BlockBits.Pair(packed, part);
            IntegerCodes.DecodeAffine(codes, d * scale, least * low, values.Slice(part * 32, 32));
        }

        return true;
    }
}
