using System.Buffers.Binary;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>32 codes of 5 bits with a scale and a least value in F16: code · d + m, rounded once to binary32.</summary>
internal readonly struct Q51 : IBlockFormat
{
    public static uint Number => 7;

    public static string Name => "Q5_1";

    public static int Elements => 32;

    public static int Bytes => 24;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        float least = BlockBits.Half(block, 2);
        if (!float.IsFinite(d) || !float.IsFinite(least))
            return false;
        Span<byte> codes = stackalloc byte[32];
        BlockBits.Take(block.Slice(8, 16), 0, 15, codes);
        BlockBits.Take(block.Slice(8, 16), 4, 15, codes[16..]);
        uint bits = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        for (int k = 0; k < 32; k++)
            codes[k] |= (byte)(((bits >> k) & 1) << 4);
        IntegerCodes.DecodeAffine(codes, d, -least, values);
        return true;
    }
}
