using System.Buffers.Binary;
using System.Runtime.CompilerServices;
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
            Shifted(Vector128.LoadUnsafe(ref from, (nuint)k), shift, mask).StoreUnsafe(ref to, (nuint)k);
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
            Vector128<byte> shifted = Shifted(Vector128.LoadUnsafe(ref from, (nuint)k), shift, mask);
            Vector128<byte> lifted = Vector128.ShiftLeft(shifted.AsUInt16(), lift).AsByte();
            (Vector128.LoadUnsafe(ref to, (nuint)k) | lifted).StoreUnsafe(ref to, (nuint)k);
        }

        for (; k < bytes.Length; k++)
            codes[k] |= (byte)(((bytes[k] >> shift) & mask) << lift);
    }

    /// <summary>Reads a scale in F16; NaN where it is not finite.</summary>
    public static float Half(ReadOnlySpan<byte> block, int offset) =>
        ScaleNumbers.OfHalf(BinaryPrimitives.ReadUInt16LittleEndian(block[offset..]));

    /// <summary>Takes 32 codes of 4 bits, the first 16 from the low bits of 16 bytes and the others from the high ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector128<byte> Lower, Vector128<byte> Upper) Nibbles(ReadOnlySpan<byte> bytes)
    {
        Vector128<byte> packed = Vector128.Create(bytes[..16]);
        return (packed & Vector128.Create((byte)15), Shifted(packed, 4, 15));
    }

    /// <summary>Turns 16 bits, from the lowest on, into the number 16 or 0 each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Sixteens(ushort bits)
    {
        var masks = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        Vector128<byte> spread = Vector128.Shuffle(
            Vector128.CreateScalar(bits).AsByte(), Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
        return Vector128.Equals(spread & masks, masks) & Vector128.Create((byte)16);
    }

    /// <summary>Reads 32 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(ReadOnlySpan<byte> bytes, int offset) => Vector256.Create(bytes.Slice(offset, 32));

    /// <summary>Takes the same bits of each byte: (byte >> shift) &amp; mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Take(Vector256<byte> bytes, int shift, byte mask) =>
        Vector256.ShiftRightLogical(bytes.AsUInt16(), shift).AsByte() & Vector256.Create(mask);

    /// <summary>Takes the same bits of each byte to a place above others: ((byte >> shift) &amp; mask) &lt;&lt; lift.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Take(Vector256<byte> bytes, int shift, byte mask, int lift) =>
        Vector256.ShiftLeft(Take(bytes, shift, mask).AsUInt16(), lift).AsByte();

    // Processors shift words, and what comes in from the other byte of a word lies above the mask.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Shifted(Vector128<byte> bytes, int shift, byte mask) =>
        Vector128.ShiftRightLogical(bytes.AsUInt16(), shift).AsByte() & Vector128.Create(mask);

    /// <summary>
    /// Reads one of the eight pairs of 6-bit numbers that Q4_K and Q5_K have in 12 bytes (<c>get_scale_min_k4</c>).
    /// </summary>
    public static (int Scale, int Least) Pair(ReadOnlySpan<byte> packed, int index) => index < 4
        ? (packed[index] & 63, packed[index + 4] & 63)
        : ((packed[index + 4] & 15) | (packed[index - 4] >> 6 << 4), (packed[index + 4] >> 4) | (packed[index] >> 6 << 4));

    /// <summary>Writes one of the eight pairs of 6-bit numbers that <see cref="Pair"/> reads; the bytes are 0 before.</summary>
    public static void SetPair(Span<byte> packed, int index, int scale, int least)
    {
        if (index < 4)
        {
            packed[index] |= (byte)scale;
            packed[index + 4] |= (byte)least;
            return;
        }

        packed[index + 4] |= (byte)((scale & 15) | ((least & 15) << 4));
        packed[index - 4] |= (byte)(scale >> 4 << 6);
        packed[index] |= (byte)(least >> 4 << 6);
    }
}
