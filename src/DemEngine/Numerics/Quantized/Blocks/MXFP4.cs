using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// 32 floats of 4 bits with a power of two (OCP Microscaling Formats Specification 1.0), the first 16 in the low bits: exact in
/// binary32.
/// </summary>
internal readonly struct MXFP4 : IBlockFormat
{
    // As E2M1, but the code of −0 stands for 0 (kvalues_mxfp4).
    private static readonly TableCodes Table = new([0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6]);

    public static uint Number => 39;

    public static string Name => "MXFP4";

    public static int Elements => 32;

    public static int Bytes => 17;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = ScaleNumbers.PowerOfTwo(block[0]);
        if (!float.IsFinite(d))
            return false;
        (Vector128<byte> lower, Vector128<byte> upper) = BlockBits.Nibbles(block.Slice(1, 16));
        Table.Decode(lower, upper, d, values);
        return true;
    }
}
