namespace DemEngine.Analysis;

/// <summary>Elements of 4 or 6 bits, which follow each other without gaps, from the lowest bit of each byte on.</summary>
internal static class PackedElements
{
    /// <summary>Counts the elements that differ, of those whose first bit lies in a range of bytes.</summary>
    /// <param name="bits">Size of an element in bits, at most 8.</param>
    /// <param name="first">Index in the tensor of the range's first byte.</param>
    /// <param name="count">Number of bytes in the range.</param>
    /// <param name="a">First tensor's bytes: those of the range, and the next one unless the tensor ends.</param>
    /// <param name="b">Second tensor's bytes.</param>
    public static long CountDifferent(int bits, long first, int count, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        long differing = 0;
        long end = 8 * (first + count);
        for (long bit = ((8 * first) + bits - 1) / bits * bits; bit < end; bit += bits)
        {
            int at = (int)(bit - (8 * first));
            differing += Read(a, at, bits) != Read(b, at, bits) ? 1 : 0;
        }

        return differing;
    }

    private static int Read(ReadOnlySpan<byte> bytes, int bit, int bits)
    {
        int word = bytes[bit / 8];
        if ((bit % 8) + bits > 8)
            word |= bytes[(bit / 8) + 1] << 8;
        return (word >> (bit % 8)) & ((1 << bits) - 1);
    }
}
