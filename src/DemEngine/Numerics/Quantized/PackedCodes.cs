using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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

        // Eight codes are as many bytes as a code has bits.
        uint mask = (1u << bits) - 1;
        int at = 0;
        int k = 0;
        if (Bmi2.X64.IsSupported)
        {
            ulong places = mask * 0x0101_0101_0101_0101UL;
            for (; k <= codes.Length - 8 && at <= packed.Length - sizeof(ulong); k += 8, at += bits)
                BinaryPrimitives.WriteUInt64LittleEndian(
                    codes[k..],
                    Bmi2.X64.ParallelBitDeposit(BinaryPrimitives.ReadUInt64LittleEndian(packed[at..]), places));
        }

        ulong pool = 0;
        int held = 0;
        for (; k < codes.Length; k++)
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

    /// <summary>Takes a code of 4 bits from each of several words.</summary>
    /// <param name="words">The words.</param>
    /// <param name="shift">Number of bits below the code.</param>
    /// <param name="codes">Receives a code for each word.</param>
    public static void Take(ReadOnlySpan<uint> words, int shift, Span<byte> codes)
    {
        ref uint from = ref MemoryMarshal.GetReference(words);
        ref byte to = ref MemoryMarshal.GetReference(codes[..words.Length]);
        Vector256<uint> mask = Vector256.Create(15u);
        int k = 0;
        for (; k <= words.Length - 32; k += 32)
        {
            Vector256<ushort> lower = Vector256.Narrow(
                (Vector256.LoadUnsafe(ref from, (nuint)k) >>> shift) & mask,
                (Vector256.LoadUnsafe(ref from, (nuint)k + 8) >>> shift) & mask);
            Vector256<ushort> upper = Vector256.Narrow(
                (Vector256.LoadUnsafe(ref from, (nuint)k + 16) >>> shift) & mask,
                (Vector256.LoadUnsafe(ref from, (nuint)k + 24) >>> shift) & mask);
            Vector256.Narrow(lower, upper).StoreUnsafe(ref to, (nuint)k);
        }

        for (; k < words.Length; k++)
            codes[k] = (byte)((words[k] >> shift) & 15);
    }
}
