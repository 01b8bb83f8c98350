using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// Writes numbers in a type of ggml, block by block: those with blocks of 32 bit for bit as its reference does
/// (<c>quantize_row_q8_0_ref</c> and so on in <c>ggml-quants.c</c>), those with blocks of 256 by a search of their own
/// (<see cref="AffineFit"/>, <see cref="SymmetricFit"/>). A new type is a property here.
/// </summary>
internal sealed class BlockEncoder
{
    private delegate bool EncodeBlock(ReadOnlySpan<float> values, Span<byte> block);

    private readonly EncodeBlock _encode;
    private readonly int _unit;

    /// <param name="number">Number of the type.</param>
    /// <param name="name">Name of the type.</param>
    /// <param name="elements">Number of elements in a block.</param>
    /// <param name="bytes">Size of a block.</param>
    /// <param name="encode">Encodes the elements of a block, which are finite where it has several.</param>
    /// <param name="unit">Place in the block of the number in F16 that all elements are multiplied by.</param>
    private BlockEncoder(uint number, string name, int elements, int bytes, EncodeBlock encode, int unit = 0)
    {
        _unit = unit;
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
        float d = Furthest(values) / -8;
        float inverse = d == 0 ? 0 : 1 / d;
        for (int k = 0; k < 16; k++)
        {
            int low = Math.Clamp((int)((values[k] * inverse) + 8.5f), 0, 15);
            int high = Math.Clamp((int)((values[k + 16] * inverse) + 8.5f), 0, 15);
            block[2 + k] = (byte)(low | (high << 4));
        }

        return WriteHalf(d, block);
    });

    /// <summary>
    /// 32 codes of 5 bits as those of <see cref="Q40"/>: ⌊x / d + 16.5⌋ and at most 31, for d = m / −16. The fifth bits are a
    /// word before the others.
    /// </summary>
    public static BlockEncoder Q50 { get; } = new(6, "Q5_0", 32, 22, static (values, block) =>
    {
        float d = Furthest(values) / -16;
        float inverse = d == 0 ? 0 : 1 / d;
        WriteFiveBits(values, 0, inverse, 16.5f, block[2..]);
        return WriteHalf(d, block);
    });

    /// <summary>
    /// 32 codes of 5 bits: ⌊(x − m) / d + 0.5⌋, for the least element m and d = (largest − m) / 31, both of which are kept in
    /// F16.
    /// </summary>
    public static BlockEncoder Q51 { get; } = new(7, "Q5_1", 32, 24, static (values, block) =>
    {
        float low = float.MaxValue;
        float high = -float.MaxValue;
        foreach (float value in values)
        {
            low = value < low ? value : low;
            high = value > high ? value : high;
        }

        float d = (high - low) / 31;
        float inverse = d == 0 ? 0 : 1 / d;
        WriteFiveBits(values, low, inverse, 0.5f, block[4..]);
        return WriteHalf(d, block) & WriteHalf(low, block[2..]);
    });

    /// <summary>256 codes of 4 bits, with a scale and a least value for each 32.</summary>
    public static BlockEncoder Q4K { get; } =
        new(12, "Q4_K", 256, 144, static (values, block) => AffineBlocks.Write(values, hasFifthBit: false, block));

    /// <summary>256 codes of 5 bits, with a scale and a least value for each 32.</summary>
    public static BlockEncoder Q5K { get; } =
        new(13, "Q5_K", 256, 176, static (values, block) => AffineBlocks.Write(values, hasFifthBit: true, block));

    /// <summary>256 codes of 6 bits, with a scale for each 16.</summary>
    public static BlockEncoder Q6K { get; } = new(14, "Q6_K", 256, 210, SymmetricBlocks.Write, unit: 208);

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
        {
            ReadOnlySpan<float> elements = values.Slice(k * Elements, Elements);
            Span<byte> block = blocks.Slice(k * Bytes, Bytes);
            if (Elements == 1 || AreFinite(elements))
                isFinite &= _encode(elements, block);
            else
                WriteNaN(block);
        }

        return isFinite;
    }

    // No code stands for NaN or an infinity, and a code for another number would hide it: the whole block becomes NaN.
    private void WriteNaN(Span<byte> block)
    {
        block.Clear();
        BinaryPrimitives.WriteHalfLittleEndian(block[_unit..], Half.NaN);
    }

    /// <summary>The first of the elements that are largest without their sign.</summary>
    private static float Furthest(ReadOnlySpan<float> values)
    {
        float furthest = 0;
        foreach (float value in values)
        {
            if (Math.Abs(value) > Math.Abs(furthest))
                furthest = value;
        }

        return furthest;
    }

    private static bool AreFinite(ReadOnlySpan<float> values)
    {
        ref float from = ref MemoryMarshal.GetReference(values);
        Vector256<uint> most = Vector256<uint>.Zero;
        for (int k = 0; k < values.Length; k += Vector256<uint>.Count)
            most = Vector256.Max(most, Vector256.LoadUnsafe(ref from, (nuint)k).AsUInt32() & Vector256.Create(0x7FFF_FFFFu));
        return Vector256.LessThanAll(most, Vector256.Create(0x7F80_0000u));
    }

    // Codes of 5 bits: the fifth bits as a word, then the others, of which the first 16 are in the lower halves of the bytes.
    private static void WriteFiveBits(ReadOnlySpan<float> values, float low, float inverse, float added, Span<byte> bytes)
    {
        uint fifth = 0;
        for (int k = 0; k < 16; k++)
        {
            int first = Math.Clamp((int)(((values[k] - low) * inverse) + added), 0, 31);
            int second = Math.Clamp((int)(((values[k + 16] - low) * inverse) + added), 0, 31);
            bytes[4 + k] = (byte)((first & 15) | ((second & 15) << 4));
            fifth |= ((uint)first >> 4 << k) | ((uint)second >> 4 << (k + 16));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, fifth);
    }

    private static bool WriteHalf(float value, Span<byte> bytes)
    {
        var half = (Half)value;
        BinaryPrimitives.WriteHalfLittleEndian(bytes, half);
        return Half.IsFinite(half) || !float.IsFinite(value);
    }
}
