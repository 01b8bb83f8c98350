using System.Runtime.Intrinsics;

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
        for (int part = 0; part < 8; part++)
        {
            Vector256<byte> codes = BlockBits.Take(BlockBits.Load(block, 16 + (part / 4 * 32)), part % 4 * 2, 3);
            int first = block[part * 2];
            int second = block[(part * 2) + 1];
            Span<float> of = values.Slice(part * 32, 32);
            IntegerCodes.DecodeAffine(codes.GetLower(), d * (first & 15), least * (first >> 4), of);
            IntegerCodes.DecodeAffine(codes.GetUpper(), d * (second & 15), least * (second >> 4), of[16..]);
        }

        return true;
    }
}
