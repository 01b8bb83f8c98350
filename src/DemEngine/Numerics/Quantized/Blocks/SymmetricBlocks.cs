using System.Buffers.Binary;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>
/// Writes the blocks of Q6_K: codes of each 16 elements by <see cref="SymmetricFit"/>, whose scales are rounded to signed
/// integers of 8 bits in units of a number in F16.
/// </summary>
internal static class SymmetricBlocks
{
    // Codes are −32 to 31, and stored with 32 added.
    private const int Middle = 32;

    /// <summary>Writes a block.</summary>
    /// <param name="values">The 256 elements, all of them finite.</param>
    /// <param name="block">Receives the block.</param>
    /// <returns>Whether the unit is finite.</returns>
    public static bool Write(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<float> scales = stackalloc float[SymmetricFit.Parts];
        SymmetricFit.Find(values, Middle, scales);
        float signed = 0;
        foreach (float scale in scales)
            signed = Math.Abs(scale) > Math.Abs(signed) ? scale : signed;

        // The largest scale is −128, whose magnitude is the larger of the two ends.
        var unit = (Half)(signed / -128);
        float d = (float)unit;
        block.Clear();
        BinaryPrimitives.WriteHalfLittleEndian(block[208..], unit);
        Span<byte> codes = stackalloc byte[2 * SymmetricFit.PartElements];
        for (int part = 0; part < SymmetricFit.Parts; part++)
        {
            int scale = d == 0 ? 0 : (int)Math.Clamp(MathF.Round(scales[part] / d), -128, 127);
            block[192 + part] = (byte)(sbyte)scale;
            CodeRounding.Nearest(
                values.Slice(part * SymmetricFit.PartElements, SymmetricFit.PartElements),
                0,
                d * scale,
                -Middle,
                Middle - 1,
                codes[(part % 2 * SymmetricFit.PartElements)..]);
            if (part % 2 == 0)
                continue;

            // The halves of a block are alike: their first 64 codes have the low bits of 64 bytes, the others the high ones, and
            // the upper two bits of each 32 lie beside each other.
            var (half, quarter) = Math.DivRem(part / 2, 4);
            BlockBits.Add(codes, 0, 15, quarter / 2 * 4, block.Slice((half * 64) + (quarter % 2 * 32), 32));
            BlockBits.Add(codes, 4, 3, quarter * 2, block.Slice(128 + (half * 32), 32));
        }

        return Half.IsFinite(unit);
    }
}
