using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized;

/// <summary>
/// Integers of up to 8 bits with a zero point: value = (code − zero) · scale. The difference is exact; the product is rounded
/// once to binary32, and exact where the scale has at most 15 significant bits.
/// </summary>
internal static class IntegerCodes
{
    /// <summary>Tables of groups have as many entries as a multiple of this.</summary>
    public const int TableLanes = 16;

    /// <summary>Bits of a table's entry that hold the code of zero.</summary>
    public const uint ZeroBits = 0x1FFF;

    /// <summary>Computes the values of unsigned codes that have one scale and one zero point.</summary>
    /// <param name="codes">One code in each byte.</param>
    /// <param name="zero">Code of zero; an integer.</param>
    /// <param name="scale">Scale of all of them.</param>
    /// <param name="values">Receives as many values as there are codes.</param>
    public static void Decode(ReadOnlySpan<byte> codes, float zero, float scale, Span<float> values)
    {
        ref byte from = ref MemoryMarshal.GetReference(codes);
        ref float to = ref MemoryMarshal.GetReference(values[..codes.Length]);
        var zeros = Vector256.Create(zero);
        var scales = Vector256.Create(scale);
        int k = 0;
        for (; k <= codes.Length - 16; k += 16)
        {
            (Vector256<float> lower, Vector256<float> upper) = Widen(Vector128.LoadUnsafe(ref from, (nuint)k));
            ((lower - zeros) * scales).StoreUnsafe(ref to, (nuint)k);
            ((upper - zeros) * scales).StoreUnsafe(ref to, (nuint)k + 8);
        }

        for (; k < codes.Length; k++)
            values[k] = (codes[k] - zero) * scale;
    }

    /// <summary>Computes code · scale − offset; where the product is exact, with one rounding to binary32.</summary>
    /// <param name="codes">One code in each byte.</param>
    /// <param name="scale">Scale of all of them.</param>
    /// <param name="offset">Number that is subtracted from each product.</param>
    /// <param name="values">Receives as many values as there are codes.</param>
    public static void DecodeAffine(ReadOnlySpan<byte> codes, float scale, float offset, Span<float> values)
    {
        ref byte from = ref MemoryMarshal.GetReference(codes);
        ref float to = ref MemoryMarshal.GetReference(values[..codes.Length]);
        var scales = Vector256.Create(scale);
        var offsets = Vector256.Create(offset);
        int k = 0;
        for (; k <= codes.Length - 16; k += 16)
        {
            (Vector256<float> lower, Vector256<float> upper) = Widen(Vector128.LoadUnsafe(ref from, (nuint)k));
            ((lower * scales) - offsets).StoreUnsafe(ref to, (nuint)k);
            ((upper * scales) - offsets).StoreUnsafe(ref to, (nuint)k + 8);
        }

        for (; k < codes.Length; k++)
            values[k] = (codes[k] * scale) - offset;
    }

    /// <summary>Computes (code − zero) · scale for 16 codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode(Vector128<byte> codes, float zero, float scale, Span<float> values)
    {
        ref float to = ref MemoryMarshal.GetReference(values[..16]);
        (Vector256<float> lower, Vector256<float> upper) = Widen(codes);
        ((lower - Vector256.Create(zero)) * scale).StoreUnsafe(ref to);
        ((upper - Vector256.Create(zero)) * scale).StoreUnsafe(ref to, 8);
    }

    /// <summary>Computes code · scale − offset for 16 codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DecodeAffine(Vector128<byte> codes, float scale, float offset, Span<float> values)
    {
        ref float to = ref MemoryMarshal.GetReference(values[..16]);
        (Vector256<float> lower, Vector256<float> upper) = Widen(codes);
        ((lower * scale) - Vector256.Create(offset)).StoreUnsafe(ref to);
        ((upper * scale) - Vector256.Create(offset)).StoreUnsafe(ref to, 8);
    }

    /// <summary>Computes code · scale − offset for 32 codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DecodeAffine(Vector256<byte> codes, float scale, float offset, Span<float> values)
    {
        DecodeAffine(codes.GetLower(), scale, offset, values);
        DecodeAffine(codes.GetUpper(), scale, offset, values[16..]);
    }

    /// <summary>
    /// Computes (code − zero) · scale for codes whose scales and zero points are in a table of groups.
    /// </summary>
    /// <param name="codes">One code in each byte.</param>
    /// <param name="groups">Group of each code, an index of the table.</param>
    /// <param name="table">
    /// Of each group the scale, whose lowest 13 bits as a binary32 are 0, and in those bits the code of zero: one lookup gives
    /// both.
    /// As many as a multiple of <see cref="TableLanes"/>.
    /// </param>
    /// <param name="values">Receives as many values as there are codes.</param>
    public static void DecodeGrouped(
        ReadOnlySpan<byte> codes, ReadOnlySpan<int> groups, ReadOnlySpan<uint> table, Span<float> values)
    {
        ref byte code = ref MemoryMarshal.GetReference(codes);
        ref int group = ref MemoryMarshal.GetReference(groups[..codes.Length]);
        ref float to = ref MemoryMarshal.GetReference(values[..codes.Length]);
        int k = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; k <= codes.Length - 16; k += 16)
            {
                Vector256<ushort> words = Vector256.WidenLower(Vector128.LoadUnsafe(ref code, (nuint)k).ToVector256Unsafe());
                Vector512<float> numbers = Vector512.ConvertToSingle(Vector512.WidenLower(words.ToVector512Unsafe()).AsInt32());
                Vector512<uint> found = Look(table, Vector512.LoadUnsafe(ref group, (nuint)k).AsUInt32());
                Vector512<float> zeros = Vector512.ConvertToSingle((found & Vector512.Create(ZeroBits)).AsInt32());
                Vector512<float> scales = Vector512.AndNot(found, Vector512.Create(ZeroBits)).AsSingle();
                ((numbers - zeros) * scales).StoreUnsafe(ref to, (nuint)k);
            }
        }

        for (; k < codes.Length; k++)
        {
            uint found = table[groups[k]];
            values[k] = (codes[k] - (float)(found & ZeroBits)) * BitConverter.UInt32BitsToSingle(found & ~ZeroBits);
        }
    }

    // Sixteen entries of the table are in a register; those of the right sixteen are kept.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Look(ReadOnlySpan<uint> table, Vector512<uint> groups)
    {
        ref uint entries = ref MemoryMarshal.GetReference(table);
        Vector512<uint> found = Vector512.ShuffleNative(Vector512.LoadUnsafe(ref entries), groups & Vector512.Create(15u));
        for (int at = TableLanes; at < table.Length; at += TableLanes)
        {
            Vector512<uint> other = Vector512.ShuffleNative(
                Vector512.LoadUnsafe(ref entries, (nuint)at), groups & Vector512.Create(15u));
            found = Vector512.ConditionalSelect(
                Vector512.GreaterThanOrEqual(groups, Vector512.Create((uint)at)), other, found);
        }

        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Lower, Vector256<float> Upper) Widen(Vector128<byte> codes)
    {
        Vector256<ushort> words = Vector256.WidenLower(codes.ToVector256Unsafe());
        return (
            Vector256.ConvertToSingle(Vector256.WidenLower(words).AsInt32()),
            Vector256.ConvertToSingle(Vector256.WidenUpper(words).AsInt32()));
    }
}
