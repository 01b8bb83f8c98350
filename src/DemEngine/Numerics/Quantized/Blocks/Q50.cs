using System.Buffers.Binary;

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
        Span<byte> codes = stackalloc byte[32];
        BlockBits.Take(block.Slice(6, 16), 0, 15, codes);
        BlockBits.Take(block.Slice(6, 16), 4, 15, codes[16..]);
        uint bits = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        for (int k = 0; k < 32; k++)
            codes[k] |= (byte)(((bits >> k) & 1) << 4);
        IntegerCodes.Decode(codes, 16, d, values);
        return true;
    }
}
