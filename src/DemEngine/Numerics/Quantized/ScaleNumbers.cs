using System.Buffers.Binary;

namespace DemEngine.Numerics.Quantized;

/// <summary>Reads the types of numbers that scales are stored in.</summary>
internal static class ScaleNumbers
{
    /// <summary>Whether scales can be of this type. U8 stands for F8_E8M0, as most files write it.</summary>
    public static bool IsKnown(ElementType type) => type is ElementType.F32 or ElementType.F16 or ElementType.BF16
        or ElementType.F8E4M3 or ElementType.F8E5M2 or ElementType.F8E8M0 or ElementType.U8;

    /// <summary>Converts stored numbers to binary32, exactly.</summary>
    /// <param name="type">Type of the numbers, one that <see cref="IsKnown"/>.</param>
    /// <param name="bytes">The numbers.</param>
    /// <param name="numbers">Receives them.</param>
    public static void Read(ElementType type, ReadOnlySpan<byte> bytes, Span<float> numbers)
    {
        if (type is ElementType.F8E4M3 or ElementType.F8E5M2)
        {
            new FloatCodes(type).Decode(bytes[..numbers.Length], 1, numbers);
            return;
        }

        for (int k = 0; k < numbers.Length; k++)
        {
            ReadOnlySpan<byte> one = bytes[(k * type.Size)..];
            numbers[k] = type switch
            {
                ElementType.F32 => BinaryPrimitives.ReadSingleLittleEndian(one),
                ElementType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(one),
                ElementType.BF16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(one) << 16),
                ElementType.F8E8M0 or ElementType.U8 => PowerOfTwo(one[0]),
                _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no type of scales"),
            };
        }
    }

    /// <summary>
    /// The power of two that a code of F8_E8M0 stands for: 2^(code − 127), and NaN for 255 (OCP Microscaling Formats
    /// Specification 1.0, 5.4.1). The least one is subnormal in binary32.
    /// </summary>
    public static float PowerOfTwo(byte code) => BitConverter.UInt32BitsToSingle(code switch
    {
        0 => 0x0040_0000,
        255 => 0x7FC0_0000,
        _ => (uint)code << 23,
    });
}
