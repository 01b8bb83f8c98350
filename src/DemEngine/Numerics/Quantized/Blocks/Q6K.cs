using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
        for (int half = 0; half < 2; half++)
        {
            // The first 64 codes of a half are the low bits of 64 bytes, the others the high ones.
            Vector256<byte> first = BlockBits.Load(block, half * 64);
            Vector256<byte> second = BlockBits.Load(block, (half * 64) + 32);
            Vector256<byte> upper = BlockBits.Load(block, 128 + (half * 32));
            ReadOnlySpan<byte> scales = block.Slice(192 + (half * 8), 8);
            Span<float> of = values.Slice(half * 128, 128);
            Write(BlockBits.Take(first, 0, 15) | BlockBits.Take(upper, 0, 3, 4), d, scales, of);
            Write(BlockBits.Take(second, 0, 15) | BlockBits.Take(upper, 2, 3, 4), d, scales[2..], of[32..]);
            Write(BlockBits.Take(first, 4, 15) | BlockBits.Take(upper, 4, 3, 4), d, scales[4..], of[64..]);
            Write(BlockBits.Take(second, 4, 15) | BlockBits.Take(upper, 6, 3, 4), d, scales[6..], of[96..]);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(Vector256<byte> codes, float d, ReadOnlySpan<byte> scales, Span<float> values)
    {
        IntegerCodes.Decode(codes.GetLower(), 32, d * (sbyte)scales[0], values);
        IntegerCodes.Decode(codes.GetUpper(), 32, d * (sbyte)scales[1], values[16..]);
    }
}
