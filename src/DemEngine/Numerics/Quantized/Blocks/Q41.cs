using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>32 codes of 4 bits with a scale and a least value in F16: code · d + m, rounded once to binary32.</summary>
internal readonly struct Q41 : IBlockFormat
{
    public static uint Number => 3;

    public static string Name => "Q4_1";

    public static int Elements => 32;

    public static int Bytes => 20;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        float least = BlockBits.Half(block, 2);
        if (!float.IsFinite(d) || !float.IsFinite(least))
            return false;
        (Vector128<byte> lower, Vector128<byte> upper) = BlockBits.Nibbles(block.Slice(4, 16));
        IntegerCodes.DecodeAffine(lower, d, -least, values);
        IntegerCodes.DecodeAffine(upper, d, -least, values[16..]);
        return true;
    }
}
