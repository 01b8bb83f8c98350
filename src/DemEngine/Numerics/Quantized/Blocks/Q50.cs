using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>32 codes of 5 bits with a scale in F16: (code − 16) · d, exact in binary32.</summary>
internal readonly struct Q50 : IBlockFormat
{
    public static uint Number => 6;

    public static string Name => "Q5_0";

    public static int Elements => 32;

    public static int Bytes => 22;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        if (!float.IsFinite(d))
            return false;
        (Vector128<byte> lower, Vector128<byte> upper) = BlockBits.Nibbles(block.Slice(6, 16));
        lower |= BlockBits.Sixteens(BinaryPrimitives.ReadUInt16LittleEndian(block[2..]));
        upper |= BlockBits.Sixteens(BinaryPrimitives.ReadUInt16LittleEndian(block[4..]));
        IntegerCodes.Decode(lower, 16, d, values);
        IntegerCodes.Decode(upper, 16, d, values[16..]);
        return true;
    }
}
