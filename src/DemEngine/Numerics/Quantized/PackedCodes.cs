using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized;

/// <summary>Unpacks codes of fewer than 8 bits into one byte each.</summary>
internal static class PackedCodes
{
    /// <summary>Unpacks codes of 4 bits.</summary>
    /// <param name="packed">Two codes in each byte.</param>
    /// <param name="isHighFirst">Whether the first code of a byte is in its high bits.</param>
    /// <param name="codes">Receives two codes for each byte.</param>
    public static void UnpackNibbles(ReadOnlySpan<byte> packed, bool isHighFirst, Span<byte> codes)
    {
        ref byte from = ref MemoryMarshal.GetReference(packed);
        ref byte to = ref MemoryMarshal.GetReference(codes[..(packed.Length * 2)]);
        int k = 0;
        for (; k <= packed.Length - 16; k += 16)
        {
            // A byte in a word of 16 bits: one of its codes belongs into the low half of the word, the other into the high half.
            Vector256<ushort> words = Vector256.WidenLower(Vector128.LoadUnsafe(ref from, (nuint)k).ToVector256Unsafe());
            Vector256<ushort> low = words & Vector256.Create((ushort)0x0F);
            Vector256<ushort> high = Vector256.ShiftRightLogical(words, 4);
            Vector256<ushort> pairs = isHighFirst ? high | Vector256.ShiftLeft(low, 8) : low | Vector256.ShiftLeft(high, 8);
            pairs.AsByte().StoreUnsafe(ref to, (nuint)k * 2);
        }

        for (; k < packed.Length; k++)
        {
            byte low = (byte)(packed[k] & 15);
            byte high = (byte)(packed[k] >> 4);
            codes[2 * k] = isHighFirst ? high : low;
            codes[(2 * k) + 1] = isHighFirst ? low : high;
        }
    }

    /// <summary>Unpacks a stream of codes that follow each other from the lowest bit of the first byte on.</summary>
    /// <param name="packed">The stream.</param>
    /// <param name="bits">Size of a code in bits: 2, 3, 4 or 8.</param>
    /// <param name="codes">Receives the codes; <paramref name="packed"/> holds all of them.</param>
    public static void Unpack(ReadOnlySpan<byte> packed, int bits, Span<byte> codes)
    {
        if (bits == 8)
        {
            packed[..codes.Length].CopyTo(codes);
            return;
        }

        if (bits == 4 && codes.Length % 2 == 0)
        {
            UnpackNibbles(packed[..(codes.Length / 2)], isHighFirst: false, codes);
            return;
        }

        uint mask = (1u << bits) - 1;
        int at = 0;
        ulong pool = 0;
        int held = 0;
        for (int k = 0; k < codes.Length; k++)
        {
            if (held < bits)
            {
                pool |= (ulong)packed[at++] << held;
                held += 8;
            }

            codes[k] = (byte)(pool & mask);
            pool >>= bits;
            held -= bits;
        }
    }
}
