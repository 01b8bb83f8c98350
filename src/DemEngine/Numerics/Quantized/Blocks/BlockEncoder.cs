using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// Writes numbers in a type of ggml, block by block, bit for bit as its reference does (<c>quantize_row_q8_0_ref</c> and
/// <c>quantize_row_q4_0_ref</c> in <c>ggml-quants.c</c>). A new type is a property here.
/// </summary>
internal sealed class BlockEncoder
{
    private delegate bool EncodeBlock(ReadOnlySpan<float> values, Span<byte> block);

    private readonly EncodeBlock _encode;

    private BlockEncoder(uint number, string name, int elements, int bytes, EncodeBlock encode)
    {
        Number = number;
        Name = name;
        Elements = elements;
        Bytes = bytes;
        _encode = encode;
    }

    /// <summary>Plain binary32.</summary>
    public static BlockEncoder F32 { get; } = new(0, "F32", 1, 4, static (values, block) =>
    {
        MemoryMarshal.AsBytes(values).CopyTo(block);
        return true;
    });

    /// <summary>Plain binary16, rounded to nearest, ties to even.</summary>
    public static BlockEncoder F16 { get; } = new(1, "F16", 1, 2, static (values, block) => WriteHalf(values[0], block));

    /// <summary>
    /// The upper half of a binary32, rounded to nearest, ties to even. NaN stays NaN, since its quiet bit is set.
    /// </summary>
    public static BlockEncoder BF16 { get; } = new(30, "BF16", 1, 2, static (values, block) =>
    {
        uint bits = BitConverter.SingleToUInt32Bits(values[0]);
        uint rounded = float.IsNaN(values[0]) ? bits | 0x0040_0000 : bits + 0x7FFF + ((bits >> 16) & 1);
        BinaryPrimitives.WriteUInt16LittleEndian(block, (ushort)(rounded >> 16));
        return float.IsFinite(BitConverter.UInt32BitsToSingle(rounded)) || !float.IsFinite(values[0]);
    });

    /// <summary>32 signed codes of 8 bits: round(x / d) for d = max |x| / 127, which is kept in F16.</summary>
    public static BlockEncoder Q80 { get; } = new(8, "Q8_0", 32, 34, static (values, block) =>
    {
        float most = 0;
        foreach (float value in values)
            most = Math.Abs(value) > most ? Math.Abs(value) : most;
        float d = most / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        for (int k = 0; k < values.Length; k++)
        {
            float code = MathF.Round(values[k] * inverse, MidpointRounding.AwayFromZero);
            block[2 + k] = (byte)(sbyte)Math.Clamp(code, -127, 127);
        }

        return WriteHalf(d, block);
    });

    /// <summary>
    /// 32 codes of 4 bits: ⌊x / d + 8.5⌋ and at most 15, for d = m / −8 where m is the first of the elements that are largest
    /// without their sign. The first 16 elements are in the lower halves of the bytes.
    /// </summary>
    public static BlockEncoder Q40 { get; } = new(2, "Q4_0", 32, 18, static (values, block) =>
    {
        float most = 0;
        float signed = 0;
        foreach (float value in values)
        {
            if (Math.Abs(value) > most)
            {
                most = Math.Abs(value);
                signed = value;
            }
        }

        float d = signed / -8;
        float inverse = d == 0 ? 0 : 1 / d;
        for (int k = 0; k < 16; k++)
        {
            int low = Math.Clamp((int)((values[k] * inverse) + 8.5f), 0, 15);
            int high = Math.Clamp((int)((values[k + 16] * inverse) + 8.5f), 0, 15);
            block[2 + k] = (byte)(low | (high << 4));
        }

        return WriteHalf(d, block);
    });

    /// <summary>Number of the type in GGUF files.</summary>
    public uint Number { get; }

    /// <summary>Name of the type.</summary>
    public string Name { get; }

    /// <summary>Number of elements in a block.</summary>
    public int Elements { get; }

    /// <summary>Size of a block in bytes.</summary>
    public int Bytes { get; }

    /// <summary>Encodes whole blocks.</summary>
    /// <param name="values">Elements of the blocks.</param>
    /// <param name="blocks">Receives the blocks.</param>
    /// <returns>Whether every finite number has one of the type that is finite.</returns>
    public bool Encode(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        bool isFinite = true;
        int count = values.Length / Elements;
        for (int k = 0; k < count; k++)
            isFinite &= _encode(values.Slice(k * Elements, Elements), blocks.Slice(k * Bytes, Bytes));
        return isFinite;
    }

    private static bool WriteHalf(float value, Span<byte> bytes)
    {
        var half = (Half)value;
        BinaryPrimitives.WriteHalfLittleEndian(bytes, half);
        return Half.IsFinite(half) || !float.IsFinite(value);
    }
}
