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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Lower, Vector256<float> Upper) Widen(Vector128<byte> codes)
    {
        Vector256<ushort> words = Vector256.WidenLower(codes.ToVector256Unsafe());
        return (
            Vector256.ConvertToSingle(Vector256.WidenLower(words).AsInt32()),
            Vector256.ConvertToSingle(Vector256.WidenUpper(words).AsInt32()));
    }
}
