using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>Takes the bits of codes out of the bytes that several codes share.</summary>
internal static class BlockBits
{
    /// <summary>Takes the same bits of each byte: code = (byte >> shift) &amp; mask.</summary>
    public static void Take(ReadOnlySpan<byte> bytes, int shift, byte mask, Span<byte> codes)
    {
        ref byte from = ref MemoryMarshal.GetReference(bytes);
        ref byte to = ref MemoryMarshal.GetReference(codes[..bytes.Length]);
        int k = 0;
        for (; k <= bytes.Length - 16; k += 16)
        {
            Vector128<byte> shifted = Vector128.ShiftRightLogical(Vector128.LoadUnsafe(ref from, (nuint)k), shift);
            (shifted & Vector128.Create(mask)).StoreUnsafe(ref to, (nuint)k);
        }

        for (; k < bytes.Length; k++)
            codes[k] = (byte)((bytes[k] >> shift) & mask);
    }

    /// <summary>Adds bits to codes above those that they have: code |= ((byte >> shift) &amp; mask) &lt;&lt; lift.</summary>
    public static void Add(ReadOnlySpan<byte> bytes, int shift, byte mask, int lift, Span<byte> codes)
    {
        ref byte from = ref MemoryMarshal.GetReference(bytes);
        ref byte to = ref MemoryMarshal.GetReference(codes[..bytes.Length]);
        int k = 0;
        for (; k <= bytes.Length - 16; k += 16)
        {
            Vector128<byte> shifted = Vector128.ShiftRightLogical(Vector128.LoadUnsafe(ref from, (nuint)k), shift);
            Vector128<byte> lifted = Vector128.ShiftLeft(shifted & Vector128.Create(mask), lift);
            (Vector128.LoadUnsafe(ref to, (nuint)k) | lifted).StoreUnsafe(ref to, (nuint)k);
        }

        for (; k < bytes.Length; k++)
            codes[k] |= (byte)(((bytes[k] >> shift) & mask) << lift);
    }

    /// <summary>Reads a scale.</summary>
    public static float Half(ReadOnlySpan<byte> block, int offset) =>
        (float)BinaryPrimitives.ReadHalfLittleEndian(block[offset..]);

    /// <summary>
    /// Reads one of the eight pairs of 6-bit numbers that Q4_K and Q5_K have in 12 bytes (<c>get_scale_min_k4</c>).
    /// </summary>
    public static (int Scale, int Least) Pair(ReadOnlySpan<byte> packed, int index) => index < 4
        ? (packed[index] & 63, packed[index + 4] & 63)
        : ((packed[index + 4] & 15) | (packed[index - 4] >> 6 << 4), (packed[index + 4] >> 4) | (packed[index] >> 6 << 4));
}
