using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>32 indices of 4 bits into a table of integers, with a scale in F16: table[code] · d, exact in binary32.</summary>
internal readonly struct IQ4NL : IBlockFormat
{
    /// <summary>The table, whose steps grow outwards (<c>kvalues_iq4nl</c>).</summary>
    public static TableCodes Table { get; } =
        new([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]);

    public static uint Number => 20;

    public static string Name => "IQ4_NL";

    public static int Elements => 32;

    public static int Bytes => 18;

    public static bool Decode(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = BlockBits.Half(block, 0);
        if (!float.IsFinite(d))
            return false;
        (Vector128<byte> lower, Vector128<byte> upper) = BlockBits.Nibbles(block.Slice(2, 16));
        Table.Decode(lower, upper, d, values);
        return true;
    }
}
