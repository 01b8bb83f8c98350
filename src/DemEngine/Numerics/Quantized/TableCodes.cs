using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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

    public override void Decode(ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, int block, Span<float> values)
    {
        if (block % 16 != 0 || codes.Length % 16 != 0 || !Avx512F.IsSupported)
        {
            base.Decode(codes, scales, block, values);
            return;
        }

        ref byte from = ref MemoryMarshal.GetReference(codes);
        ref float to = ref MemoryMarshal.GetReference(values[..codes.Length]);
        Vector512<float> table = Vector512.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_table));
        for (int start = 0, index = 0; start < codes.Length; start += block, index++)
        {
            Vector512<float> scaled = table * scales[index];
            int end = Math.Min(start + block, codes.Length);
            for (int k = start; k < end; k += 16)
            {
                Vector512<int> places = Avx512F.ConvertToVector512Int32(Vector128.LoadUnsafe(ref from, (nuint)k));
                Avx512F.PermuteVar16x32(scaled, places).StoreUnsafe(ref to, (nuint)k);
            }
        }
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

    /// <summary>Computes the values of a matrix whose columns each have a scale, two rows of which share bytes.</summary>
    /// <param name="codes">Rows of 16 bytes: in the low bits the codes of one row, in the high bits those of the next.</param>
    /// <param name="scales">Scales of the 16 columns.</param>
    /// <param name="values">Receives the rows.</param>
    /// <param name="stride">Distance of the rows in <paramref name="values"/>.</param>
    public void DecodePairs(ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, Span<float> values, int stride)
    {
        if (!Avx512F.IsSupported)
        {
            for (int pair = 0; pair < codes.Length / 16; pair++)
            {
                var bytes = Vector128.Create(codes.Slice(16 * pair, 16));
                Decode(bytes, scales, values.Slice(2 * pair * stride, 16));
                Decode(
                    Vector128.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte(),
                    scales,
                    values.Slice(((2 * pair) + 1) * stride, 16));
            }

            return;
        }

        // A lookup takes the lowest four bits of an index.
        ref byte from = ref MemoryMarshal.GetReference(codes);
        ref float to = ref MemoryMarshal.GetReference(values[..((((codes.Length / 16 * 2) - 1) * stride) + 16)]);
        Vector512<float> table = Vector512.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_table));
        Vector512<float> scale = Vector512.Create(scales[..16]);
        for (int at = 0; at + 16 <= codes.Length; at += 16)
        {
            Vector512<int> bytes = Avx512F.ConvertToVector512Int32(Vector128.LoadUnsafe(ref from, (nuint)at));
            (Avx512F.PermuteVar16x32(table, bytes) * scale).StoreUnsafe(ref to);
            to = ref Unsafe.Add(ref to, stride);
            (Avx512F.PermuteVar16x32(table, bytes >>> 4) * scale).StoreUnsafe(ref to);
            to = ref Unsafe.Add(ref to, stride);
        }
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
