using System.Buffers.Binary;
using System.Runtime.InteropServices;

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

        switch (type)
        {
            case ElementType.F32:
                MemoryMarshal.Cast<byte, float>(bytes)[..numbers.Length].CopyTo(numbers);
                break;
            case ElementType.F16:
                for (int k = 0; k < numbers.Length; k++)
                    numbers[k] = OfHalf(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * k)..]));
                break;
            case ElementType.BF16:
                for (int k = 0; k < numbers.Length; k++)
                    numbers[k] = BitConverter.UInt32BitsToSingle(
                        (uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * k)..]) << 16);
                break;
            case ElementType.F8E8M0 or ElementType.U8:
                for (int k = 0; k < numbers.Length; k++)
                    numbers[k] = PowerOfTwo(bytes[k]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "no type of scales");
        }
    }

    /// <summary>The number that an encoding of binary16 stands for; NaN for every one that is not finite.</summary>
    public static float OfHalf(ushort half)
    {
        if ((half & 0x7C00) == 0x7C00)
            return float.NaN;

        // The exponent of binary16 is read with the bias of binary32, which makes the number too small by exactly 2^112.
        float magnitude = BitConverter.UInt32BitsToSingle((half & 0x7FFFu) << 13) * BitConverter.UInt32BitsToSingle(239u << 23);
        return (half & 0x8000) == 0 ? magnitude : -magnitude;
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
