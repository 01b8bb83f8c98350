using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized;

/// <summary>Codes of 4 bits that index a table of 16 numbers: value = table[code] · scale, rounded once to binary32.</summary>
internal sealed class TableCodes : CodeValues
{
    private readonly float[] _table;

    /// <param name="table">The 16 numbers.</param>
    public TableCodes(ReadOnlySpan<float> table)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(table.Length, 16);
        _table = table.ToArray();
    }

    /// <summary>
    /// The 4-bit float of 2 exponent bits and 1 mantissa bit (OCP Microscaling Formats Specification 1.0, 5.3.3).
    /// </summary>
    public static TableCodes E2M1 { get; } = new([0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6]);

    public override void Decode(ReadOnlySpan<byte> codes, float scale, Span<float> values)
    {
        ref byte from = ref MemoryMarshal.GetReference(codes);
        ref float to = ref MemoryMarshal.GetReference(values[..codes.Length]);
        int k = 0;
        if (codes.Length >= 16 && Vector256.IsHardwareAccelerated)
        {
            (Vector256<float> low, Vector256<float> high) = Scaled(scale);
            for (; k <= codes.Length - 16; k += 16)
                Look(Vector128.LoadUnsafe(ref from, (nuint)k), low, high, ref Unsafe.Add(ref to, k));
        }

        for (; k < codes.Length; k++)
            values[k] = _table[codes[k] & 15] * scale;
    }

    /// <summary>Computes the values of twice 16 codes that have one scale.</summary>
    public void Decode(Vector128<byte> lower, Vector128<byte> upper, float scale, Span<float> values)
    {
        ref float to = ref MemoryMarshal.GetReference(values[..32]);
        (Vector256<float> low, Vector256<float> high) = Scaled(scale);
        Look(lower, low, high, ref to);
        Look(upper, low, high, ref Unsafe.Add(ref to, 16));
    }

    /// <summary>Computes the values of 16 codes that each have a scale of their own.</summary>
    public void Decode(Vector128<byte> codes, ReadOnlySpan<float> scales, Span<float> values)
    {
        ref float to = ref MemoryMarshal.GetReference(values[..16]);
        ref float scale = ref MemoryMarshal.GetReference(scales[..16]);
        ref float table = ref MemoryMarshal.GetArrayDataReference(_table);
        Vector256<ushort> words = Vector256.WidenLower((codes & Vector128.Create((byte)15)).ToVector256Unsafe());
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<int> places = Vector512.WidenLower(words.ToVector512Unsafe()).AsInt32();
            Vector512<float> found = Vector512.ShuffleNative(Vector512.LoadUnsafe(ref table), places);
            (found * Vector512.LoadUnsafe(ref scale)).StoreUnsafe(ref to);
            return;
        }

        Vector256<float> low = Vector256.LoadUnsafe(ref table), high = Vector256.LoadUnsafe(ref table, 8);
        (Look(Vector256.WidenLower(words).AsInt32(), low, high) * Vector256.LoadUnsafe(ref scale)).StoreUnsafe(ref to);
        (Look(Vector256.WidenUpper(words).AsInt32(), low, high) * Vector256.LoadUnsafe(ref scale, 8)).StoreUnsafe(ref to, 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (Vector256<float> Low, Vector256<float> High) Scaled(float scale) =>
        (Vector256.Create(_table.AsSpan(0, 8)) * scale, Vector256.Create(_table.AsSpan(8, 8)) * scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Look(Vector128<byte> codes, Vector256<float> low, Vector256<float> high, ref float to)
    {
        Vector256<ushort> words = Vector256.WidenLower((codes & Vector128.Create((byte)15)).ToVector256Unsafe());
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<int> places = Vector512.WidenLower(words.ToVector512Unsafe()).AsInt32();
            Vector512.ShuffleNative(Vector512.Create(low, high), places).StoreUnsafe(ref to);
            return;
        }

        Look(Vector256.WidenLower(words).AsInt32(), low, high).StoreUnsafe(ref to);
        Look(Vector256.WidenUpper(words).AsInt32(), low, high).StoreUnsafe(ref to, 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Look(Vector256<int> codes, Vector256<float> low, Vector256<float> high)
    {
        Vector256<int> places = codes & Vector256.Create(7);
        Vector256<float> isHigh = Vector256.Equals(codes & Vector256.Create(8), Vector256.Create(8)).AsSingle();
        return Vector256.ConditionalSelect(
            isHigh, Vector256.ShuffleNative(high, places), Vector256.ShuffleNative(low, places));
    }
}
