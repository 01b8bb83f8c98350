using System.Buffers.Binary;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// Writes the blocks of Q4_K and Q5_K: codes of each 32 elements by <see cref="AffineFit"/>, whose scales and least values are
/// rounded to 6 bits in units of two numbers in F16.
/// </summary>
internal static class AffineBlocks
{
    // The largest scale or least value of 6 bits.
    private const int MostScale = 63;

    /// <summary>Writes a block.</summary>
    /// <param name="values">The 256 elements, all of them finite.</param>
    /// <param name="hasFifthBit">Whether codes have 5 bits, the fifth ones apart in 32 bytes before the others; else 4.</param>
    /// <param name="block">Receives the block.</param>
    /// <returns>Whether the units are finite.</returns>
    public static bool Write(ReadOnlySpan<float> values, bool hasFifthBit, Span<byte> block)
    {
        int most = hasFifthBit ? 31 : 15;
        Span<float> scales = stackalloc float[AffineFit.Parts];
        Span<float> leasts = stackalloc float[AffineFit.Parts];
        AffineFit.Find(values, most, scales, leasts);
        (float d, bool isFinite) = Unit(scales, block);
        (float m, bool isFiniteToo) = Unit(leasts, block[2..]);
        block[4..].Clear();
        Span<byte> packed = block.Slice(4, 12);
        Span<byte> upper = hasFifthBit ? block.Slice(16, 32) : [];
        Span<byte> lower = block[(hasFifthBit ? 48 : 16)..];
        Span<byte> codes = stackalloc byte[AffineFit.PartElements];
        for (int part = 0; part < AffineFit.Parts; part++)
        {
            int scale = Rounded(scales[part], d);
            int least = Rounded(leasts[part], m);
            BlockBits.SetPair(packed, part, scale, least);
            CodeRounding.Nearest(
                values.Slice(part * AffineFit.PartElements, AffineFit.PartElements), m * least, d * scale, 0, most, codes);
            BlockBits.Add(codes, 0, 15, part % 2 * 4, lower.Slice(part / 2 * AffineFit.PartElements, AffineFit.PartElements));
            if (hasFifthBit)
                BlockBits.Add(codes, 4, 1, part, upper);
        }

        return isFinite && isFiniteToo;
    }

    /// <summary>Chooses the unit in which the largest of some numbers is 63, and writes it in F16.</summary>
    private static (float Unit, bool IsFinite) Unit(ReadOnlySpan<float> numbers, Span<byte> bytes)
    {
        float most = 0;
        foreach (float number in numbers)
            most = Math.Max(most, number);
        var unit = (Half)(most / MostScale);
        BinaryPrimitives.WriteHalfLittleEndian(bytes, unit);
        return ((float)unit, Half.IsFinite(unit));
    }

    private static int Rounded(float number, float unit) =>
        unit == 0 ? 0 : (int)Math.Clamp(MathF.Round(number / unit), 0, MostScale);
}
