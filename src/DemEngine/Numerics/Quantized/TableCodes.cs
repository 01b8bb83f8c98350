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
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<float> scaled = Vector512.Create(_table.AsSpan()) * scale;
            for (; k <= codes.Length - 16; k += 16)
            {
                Vector128<byte> bytes = Vector128.LoadUnsafe(ref from, (nuint)k) & Vector128.Create((byte)15);
                Vector256<ushort> words = Vector256.WidenLower(bytes.ToVector256Unsafe());
                Vector512<int> places = Vector512.WidenLower(words.ToVector512Unsafe()).AsInt32();
                Vector512.ShuffleNative(scaled, places).StoreUnsafe(ref to, (nuint)k);
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Vector256<float> lower = Vector256.Create(_table.AsSpan(0, 8)) * scale;
            Vector256<float> upper = Vector256.Create(_table.AsSpan(8, 8)) * scale;
            for (; k <= codes.Length - 16; k += 16)
            {
                Vector256<ushort> words = Vector256.WidenLower(Vector128.LoadUnsafe(ref from, (nuint)k).ToVector256Unsafe());
                Look(Vector256.WidenLower(words).AsInt32(), lower, upper).StoreUnsafe(ref to, (nuint)k);
                Look(Vector256.WidenUpper(words).AsInt32(), lower, upper).StoreUnsafe(ref to, (nuint)k + 8);
            }
        }

        for (; k < codes.Length; k++)
            values[k] = _table[codes[k] & 15] * scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Look(Vector256<int> codes, Vector256<float> lower, Vector256<float> upper)
    {
        Vector256<int> places = codes & Vector256.Create(7);
        Vector256<float> isUpper = Vector256.Equals(codes & Vector256.Create(8), Vector256.Create(8)).AsSingle();
        return Vector256.ConditionalSelect(
            isUpper, Vector256.ShuffleNative(upper, places), Vector256.ShuffleNative(lower, places));
    }
}
