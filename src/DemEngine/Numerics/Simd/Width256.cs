using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DemEngine.Numerics.Simd;

/// <summary>Eight lanes: AVX2.</summary>
internal readonly struct Width256 : IVectorWidth<Vector256<uint>>
{
    private const ulong LostBits = (1UL << 29) - 1; // 53 − 24 bits of mantissa

    public static int Lanes => Vector256<uint>.Count;

    public static Vector256<uint> Broadcast(uint bits) => Vector256.Create(bits);

    public static Vector256<uint> BroadcastSingle(float value) => Vector256.Create(value).AsUInt32();

    public static Vector256<uint> BroadcastDouble(double value) => Vector256.Create(value).AsUInt32();

    public static Vector256<uint> LoadBytes(ref readonly byte source) =>
        Vector256.WidenLower(
            Vector256.WidenLower(
                Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(in source)).AsByte().ToVector256Unsafe()));

    public static Vector256<uint> LoadWords(ref readonly byte source) =>
        Vector256.WidenLower(Unsafe.ReadUnaligned<Vector128<ushort>>(in source).ToVector256Unsafe());

    public static Vector256<uint> Load(ref readonly byte source) => Unsafe.ReadUnaligned<Vector256<uint>>(in source);

    public static void StoreBytes(Vector256<uint> value, ref byte destination)
    {
        var words = Vector128.Narrow(value.GetLower(), value.GetUpper());
        Unsafe.WriteUnaligned(ref destination, Vector128.Narrow(words, words).AsUInt64().ToScalar());
    }

    public static void StoreWords(Vector256<uint> value, ref byte destination) =>
        Unsafe.WriteUnaligned(ref destination, Vector128.Narrow(value.GetLower(), value.GetUpper()));

    public static void Store(Vector256<uint> value, ref byte destination) => Unsafe.WriteUnaligned(ref destination, value);

    public static Vector256<uint> And(Vector256<uint> a, Vector256<uint> b) => a & b;

    public static Vector256<uint> Or(Vector256<uint> a, Vector256<uint> b) => a | b;

    public static Vector256<uint> Xor(Vector256<uint> a, Vector256<uint> b) => a ^ b;

    public static Vector256<uint> Add(Vector256<uint> a, Vector256<uint> b) => a + b;

    public static Vector256<uint> Subtract(Vector256<uint> a, Vector256<uint> b) => a - b;

    public static Vector256<uint> Min(Vector256<uint> a, Vector256<uint> b) => Vector256.Min(a, b);

    public static Vector256<uint> ShiftLeft(Vector256<uint> a, [ConstantExpected] int count) => a << count;

    public static Vector256<uint> ShiftRight(Vector256<uint> a, [ConstantExpected] int count) => a >>> count;

    public static Vector256<uint> Equal(Vector256<uint> a, Vector256<uint> b) => Vector256.Equals(a, b);

    public static Vector256<uint> Less(Vector256<uint> a, Vector256<uint> b) => Vector256.LessThan(a, b);

    public static Vector256<uint> IsPositive(Vector256<uint> a) =>
        Vector256.GreaterThan(a.AsInt32(), Vector256<int>.Zero).AsUInt32();

    public static Vector256<uint> Select(Vector256<uint> mask, Vector256<uint> yes, Vector256<uint> no) =>
        Vector256.ConditionalSelect(mask, yes, no);

    public static bool AnySet(Vector256<uint> mask) => mask != Vector256<uint>.Zero;

    public static uint TopBits(Vector256<uint> a) => Vector256.ExtractMostSignificantBits(a);

    public static int Compress(Vector256<uint> a, Vector256<uint> mask, ref byte destination) =>
        LaneByLane.Compress(
            MemoryMarshal.Cast<Vector256<uint>, uint>(new ReadOnlySpan<Vector256<uint>>(in a)), TopBits(mask), ref destination);

    public static bool AllNegative(Vector256<uint> a) => Vector256.ExtractMostSignificantBits(a) == 0xFF;

    public static Vector256<uint> AddSingle(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() + b.AsSingle()).AsUInt32();

    public static Vector256<uint> SubtractSingle(Vector256<uint> a, Vector256<uint> b) =>
        (a.AsSingle() - b.AsSingle()).AsUInt32();

    public static Vector256<uint> MultiplySingle(Vector256<uint> a, Vector256<uint> b) =>
        (a.AsSingle() * b.AsSingle()).AsUInt32();

    public static Vector256<uint> DivideSingle(Vector256<uint> a, Vector256<uint> b) => (a.AsSingle() / b.AsSingle()).AsUInt32();

    public static Vector256<uint> MultiplyAddSingle(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        Vector256.MultiplyAddEstimate(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsUInt32();

    public static Vector256<uint> WidenLower(Vector256<uint> singles) => Vector256.WidenLower(singles.AsSingle()).AsUInt32();

    public static Vector256<uint> WidenUpper(Vector256<uint> singles) => Vector256.WidenUpper(singles.AsSingle()).AsUInt32();

    public static Vector256<uint> LoadWidened(ref readonly byte source)
    {
        // A conversion from memory is one operation. From a register, one half would have to be moved first.
        var singles = Unsafe.ReadUnaligned<Vector128<float>>(in source);
        return Avx.IsSupported
            ? Avx.ConvertToVector256Double(singles).AsUInt32()
            : Vector256.WidenLower(singles.ToVector256Unsafe()).AsUInt32();
    }

    public static Vector256<uint> Narrow(Vector256<uint> lower, Vector256<uint> upper) =>
        Vector256.Narrow(lower.AsDouble(), upper.AsDouble()).AsUInt32();

    public static Vector256<uint> AddDouble(Vector256<uint> a, Vector256<uint> b) => (a.AsDouble() + b.AsDouble()).AsUInt32();

    public static Vector256<uint> MultiplyDouble(Vector256<uint> a, Vector256<uint> b) =>
        (a.AsDouble() * b.AsDouble()).AsUInt32();

    public static Vector256<uint> DivideDouble(Vector256<uint> a, Vector256<uint> b) => (a.AsDouble() / b.AsDouble()).AsUInt32();

    public static Vector256<uint> EqualDouble(Vector256<uint> a, Vector256<uint> b) =>
        Vector256.Equals(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector256<uint> LessDouble(Vector256<uint> a, Vector256<uint> b) =>
        Vector256.LessThan(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector256<uint> LessOrEqualDouble(Vector256<uint> a, Vector256<uint> b) =>
        Vector256.LessThanOrEqual(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector256<uint> UpperWords(Vector256<uint> lower, Vector256<uint> upper) =>
        Vector256.Narrow(lower.AsUInt64() >>> 32, upper.AsUInt64() >>> 32);

    public static Vector256<uint> MultiplyAddRounded(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        ((a.AsDouble() * b.AsDouble()) + c.AsDouble()).AsUInt32();

    public static Vector256<uint> MultiplyAddExact(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        Vector256.MultiplyAddEstimate(a.AsDouble(), b.AsDouble(), c.AsDouble()).AsUInt32();

    public static Vector256<uint> RoundToOdd(Vector256<uint> doubles)
    {
        // Adding LostBits to the lost bits carries into the last kept bit exactly where they are not all zero.
        var lost = Vector256.Create(LostBits);
        var bits = doubles.AsUInt64();
        return ((bits | ((bits & lost) + lost)) & ~lost).AsUInt32();
    }

    public static bool AnyNonFiniteDouble(Vector256<uint> doubles)
    {
        var exponent = Vector256.Create(0x7FF0_0000_0000_0000UL);
        return Vector256.EqualsAny(doubles.AsUInt64() & exponent, exponent);
    }
}
