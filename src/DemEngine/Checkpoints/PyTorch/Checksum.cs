using System.IO.Hashing;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// The CRC-32 of some bytes, as zip archives have it (APPNOTE 6.3.10, 4.4.7). Bytes are the coefficients of a polynomial over the
/// field of two elements, and the checksum is its remainder, so that the checksum of two parts follows from theirs.
/// </summary>
/// <param name="Value">The checksum.</param>
/// <param name="Length">Number of bytes.</param>
internal readonly record struct Checksum(uint Value, long Length)
{
    // Bit 31 is the coefficient of 1, bit 0 that of x³¹; that of x³² is left out.
    private const uint Divisor = 0xEDB88320;
    private const uint One = 1u << 31;
    private const uint XToThe8 = 1u << 23;

    /// <summary>Computes the checksum of bytes.</summary>
    public static Checksum Of(ReadOnlySpan<byte> bytes) => new(Crc32.HashToUInt32(bytes), bytes.Length);

    /// <summary>Returns the checksum of these bytes and those that follow them: c·x⁸ⁿ + d, where d is that of n bytes.</summary>
    public Checksum Then(Checksum next)
    {
        uint power = One;
        uint square = XToThe8;
        for (long left = next.Length; left > 0; left >>= 1)
        {
            if ((left & 1) != 0)
                power = Product(power, square);
            square = Product(square, square);
        }

        return new Checksum(Product(Value, power) ^ next.Value, Length + next.Length);
    }

    /// <summary>The product of two polynomials, divided by that of the checksum.</summary>
    private static uint Product(uint a, uint b)
    {
        uint product = 0;
        for (; a != 0; a <<= 1)
        {
            if ((a & One) != 0)
                product ^= b;
            b = (b >> 1) ^ ((b & 1) != 0 ? Divisor : 0);
        }

        return product;
    }
}
