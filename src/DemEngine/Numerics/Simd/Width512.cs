using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DemEngine.Numerics.Simd;

/// <summary>Sixteen lanes: AVX-512.</summary>
internal readonly struct Width512 : IVectorWidth<Vector512<uint>>
{
    private const ulong LostBits = (1UL << 29) - 1; // 53 − 24 bits of mantissa

    public static int Lanes => Vector512<uint>.Count;

    public static Vector512<uint> Broadcast(uint bits) => Vector512.Create(bits);

    public static Vector512<uint> BroadcastSingle(float value) => Vector512.Create(value).AsUInt32();

    public static Vector512<uint> BroadcastDouble(double value) => Vector512.Create(value).AsUInt32();

    public static Vector512<uint> LoadBytes(ref readonly byte source) =>
        Vector512.WidenLower(
            Vector512.WidenLower(Unsafe.ReadUnaligned<Vector128<byte>>(in source).ToVector256Unsafe().ToVector512Unsafe()));

    public static Vector512<uint> LoadWords(ref readonly byte source) =>
        Vector512.WidenLower(Unsafe.ReadUnaligned<Vector256<ushort>>(in source).ToVector512Unsafe());

    public static Vector512<uint> Load(ref readonly byte source) => Unsafe.ReadUnaligned<Vector512<uint>>(in source);

    public static void StoreBytes(Vector512<uint> value, ref byte destination)
    {
        var words = Vector256.Narrow(value.GetLower(), value.GetUpper());
        Unsafe.WriteUnaligned(ref destination, Vector128.Narrow(words.GetLower(), words.GetUpper()));
    }

    public static void StoreWords(Vector512<uint> value, ref byte destination) =>
        Unsafe.WriteUnaligned(
            ref destination,
            Avx512F.IsSupported
                ? Avx512F.ConvertToVector256UInt16(value)
                : Vector256.Narrow(value.GetLower(), value.GetUpper()));

    public static void Store(Vector512<uint> value, ref byte destination) => Unsafe.WriteUnaligned(ref destination, value);

    public static Vector512<uint> And(Vector512<uint> a, Vector512<uint> b) => a & b;

    public static Vector512<uint> Or(Vector512<uint> a, Vector512<uint> b) => a | b;

    public static Vector512<uint> Xor(Vector512<uint> a, Vector512<uint> b) => a ^ b;

    public static Vector512<uint> Add(Vector512<uint> a, Vector512<uint> b) => a + b;

    public static Vector512<uint> Subtract(Vector512<uint> a, Vector512<uint> b) => a - b;

    public static Vector512<uint> Min(Vector512<uint> a, Vector512<uint> b) => Vector512.Min(a, b);

    public static Vector512<uint> ShiftLeft(Vector512<uint> a, [ConstantExpected] int count) => a << count;

    public static Vector512<uint> ShiftRight(Vector512<uint> a, [ConstantExpected] int count) => a >>> count;

    public static Vector512<uint> Equal(Vector512<uint> a, Vector512<uint> b) => Vector512.Equals(a, b);

    public static Vector512<uint> Less(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThan(a, b);

    public static Vector512<uint> IsPositive(Vector512<uint> a) =>
        Vector512.GreaterThan(a.AsInt32(), Vector512<int>.Zero).AsUInt32();

    public static Vector512<uint> Select(Vector512<uint> mask, Vector512<uint> yes, Vector512<uint> no) =>
        Vector512.ConditionalSelect(mask, yes, no);

    public static bool AnySet(Vector512<uint> mask) => mask != Vector512<uint>.Zero;

    public static uint TopBits(Vector512<uint> a) => (uint)Vector512.ExtractMostSignificantBits(a);

    public static int Compress(Vector512<uint> a, Vector512<uint> mask, ref byte destination)
    {
        if (!Avx512F.IsSupported)
            return LaneByLane.Compress(
                MemoryMarshal.Cast<Vector512<uint>, uint>(new ReadOnlySpan<Vector512<uint>>(in a)),
                TopBits(mask),
                ref destination);

        Store(Avx512F.Compress(Vector512<uint>.Zero, mask, a), ref destination);
        return BitOperations.PopCount(TopBits(mask));
    }

    public static bool AllNegative(Vector512<uint> a) => Vector512.ExtractMostSignificantBits(a) == 0xFFFF;

    public static Vector512<uint> AddSingle(Vector512<uint> a, Vector512<uint> b) => (a.AsSingle() + b.AsSingle()).AsUInt32();

    public static Vector512<uint> SubtractSingle(Vector512<uint> a, Vector512<uint> b) =>
        (a.AsSingle() - b.AsSingle()).AsUInt32();

    public static Vector512<uint> MultiplySingle(Vector512<uint> a, Vector512<uint> b) =>
        (a.AsSingle() * b.AsSingle()).AsUInt32();

    public static Vector512<uint> DivideSingle(Vector512<uint> a, Vector512<uint> b) => (a.AsSingle() / b.AsSingle()).AsUInt32();

    public static Vector512<uint> MultiplyAddSingle(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
        Vector512.MultiplyAddEstimate(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsUInt32();

    public static Vector512<uint> WidenLower(Vector512<uint> singles) => Vector512.WidenLower(singles.AsSingle()).AsUInt32();

    public static Vector512<uint> WidenUpper(Vector512<uint> singles) => Vector512.WidenUpper(singles.AsSingle()).AsUInt32();

    public static Vector512<uint> LoadWidened(ref readonly byte source)
    {
        // A conversion from memory is one operation. From a register, one half would have to be moved first.
        var singles = Unsafe.ReadUnaligned<Vector256<float>>(in source);
        return Avx512F.IsSupported
            ? Avx512F.ConvertToVector512Double(singles).AsUInt32()
            : Vector512.WidenLower(singles.ToVector512Unsafe()).AsUInt32();
    }

    public static Vector512<uint> Narrow(Vector512<uint> lower, Vector512<uint> upper) =>
        Vector512.Narrow(lower.AsDouble(), upper.AsDouble()).AsUInt32();

    public static Vector512<uint> AddDouble(Vector512<uint> a, Vector512<uint> b) => (a.AsDouble() + b.AsDouble()).AsUInt32();

    public static Vector512<uint> MultiplyDouble(Vector512<uint> a, Vector512<uint> b) =>
        (a.AsDouble() * b.AsDouble()).AsUInt32();

    public static Vector512<uint> DivideDouble(Vector512<uint> a, Vector512<uint> b) => (a.AsDouble() / b.AsDouble()).AsUInt32();

    public static Vector512<uint> EqualDouble(Vector512<uint> a, Vector512<uint> b) =>
        Vector512.Equals(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector512<uint> LessDouble(Vector512<uint> a, Vector512<uint> b) =>
        Vector512.LessThan(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector512<uint> LessOrEqualDouble(Vector512<uint> a, Vector512<uint> b) =>
        Vector512.LessThanOrEqual(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector512<uint> UpperWords(Vector512<uint> lower, Vector512<uint> upper) =>
        Vector512.Narrow(lower.AsUInt64() >>> 32, upper.AsUInt64() >>> 32);

    public static Vector512<uint> MultiplyAddRounded(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
        ((a.AsDouble() * b.AsDouble()) + c.AsDouble()).AsUInt32();

    public static Vector512<uint> MultiplyAddExact(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
        Vector512.MultiplyAddEstimate(a.AsDouble(), b.AsDouble(), c.AsDouble()).AsUInt32();

    public static Vector512<uint> RoundToOdd(Vector512<uint> doubles)
    {
        // Adding LostBits to the lost bits carries into the last kept bit exactly where they are not all zero.
        var lost = Vector512.Create(LostBits);
        var bits = doubles.AsUInt64();
        return ((bits | ((bits & lost) + lost)) & ~lost).AsUInt32();
    }

    public static bool AnyNonFiniteDouble(Vector512<uint> doubles)
    {
        var exponent = Vector512.Create(0x7FF0_0000_0000_0000UL);
        return Vector512.EqualsAny(doubles.AsUInt64() & exponent, exponent);
    }
}
