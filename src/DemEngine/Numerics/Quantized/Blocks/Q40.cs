using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>32 codes of 4 bits with a scale in F16: (code − 8) · d, exact in binary32.</summary>
internal readonly struct Q40 : IBlockFormat
{
    public static uint Number => 2;

    public static string Name => "Q4_0";

    public static int Elements => 32;

    public static int Bytes => 18;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        if (!float.IsFinite(d))
            return false;
        (Vector128<byte> lower, Vector128<byte> upper) = BlockBits.Nibbles(block.Slice(2, 16));
        IntegerCodes.Decode(lower, 8, d, values);
        IntegerCodes.Decode(upper, 8, d, values[16..]);
        return true;
    }
}
