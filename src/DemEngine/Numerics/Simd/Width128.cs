using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Simd;

/// <summary>Four lanes: NEON, SSE, and the fallback for everything else.</summary>
internal readonly struct Width128 : IVectorWidth<Vector128<uint>>
{
    private const ulong LostBits = (1UL << 29) - 1; // 53 − 24 bits of mantissa

    public static int Lanes => Vector128<uint>.Count;

    public static Vector128<uint> Broadcast(uint bits) => Vector128.Create(bits);

    public static Vector128<uint> BroadcastSingle(float value) => Vector128.Create(value).AsUInt32();

    public static Vector128<uint> BroadcastDouble(double value) => Vector128.Create(value).AsUInt32();

    public static Vector128<uint> LoadBytes(ref readonly byte source) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(in source)).AsByte()));

    public static Vector128<uint> LoadWords(ref readonly byte source) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(in source)).AsUInt16());

    public static Vector128<uint> Load(ref readonly byte source) => Unsafe.ReadUnaligned<Vector128<uint>>(in source);

    public static void StoreBytes(Vector128<uint> value, ref byte destination)
    {
        var words = Vector128.Narrow(value, value);
        Unsafe.WriteUnaligned(ref destination, Vector128.Narrow(words, words).AsUInt32().ToScalar());
    }

    public static void StoreWords(Vector128<uint> value, ref byte destination) =>
        Unsafe.WriteUnaligned(ref destination, Vector128.Narrow(value, value).AsUInt64().ToScalar());

    public static void Store(Vector128<uint> value, ref byte destination) => Unsafe.WriteUnaligned(ref destination, value);

    public static Vector128<uint> And(Vector128<uint> a, Vector128<uint> b) => a & b;

    public static Vector128<uint> Or(Vector128<uint> a, Vector128<uint> b) => a | b;

    public static Vector128<uint> Xor(Vector128<uint> a, Vector128<uint> b) => a ^ b;

    public static Vector128<uint> Add(Vector128<uint> a, Vector128<uint> b) => a + b;

    public static Vector128<uint> Subtract(Vector128<uint> a, Vector128<uint> b) => a - b;

    public static Vector128<uint> Min(Vector128<uint> a, Vector128<uint> b) => Vector128.Min(a, b);

    public static Vector128<uint> ShiftLeft(Vector128<uint> a, [ConstantExpected] int count) => a << count;

    public static Vector128<uint> ShiftRight(Vector128<uint> a, [ConstantExpected] int count) => a >>> count;

    public static Vector128<uint> Equal(Vector128<uint> a, Vector128<uint> b) => Vector128.Equals(a, b);

    public static Vector128<uint> Less(Vector128<uint> a, Vector128<uint> b) => Vector128.LessThan(a, b);

    public static Vector128<uint> IsPositive(Vector128<uint> a) =>
        Vector128.GreaterThan(a.AsInt32(), Vector128<int>.Zero).AsUInt32();

    public static Vector128<uint> Select(Vector128<uint> mask, Vector128<uint> yes, Vector128<uint> no) =>
        Vector128.ConditionalSelect(mask, yes, no);

    public static bool AnySet(Vector128<uint> mask) => mask != Vector128<uint>.Zero;

    public static uint TopBits(Vector128<uint> a) => Vector128.ExtractMostSignificantBits(a);

    public static int Compress(Vector128<uint> a, Vector128<uint> mask, ref byte destination) =>
        LaneByLane.Compress(
            MemoryMarshal.Cast<Vector128<uint>, uint>(new ReadOnlySpan<Vector128<uint>>(in a)), TopBits(mask), ref destination);

    public static bool AllNegative(Vector128<uint> a) => Vector128.ExtractMostSignificantBits(a) == 0xF;

    public static Vector128<uint> AddSingle(Vector128<uint> a, Vector128<uint> b) => (a.AsSingle() + b.AsSingle()).AsUInt32();

    public static Vector128<uint> SubtractSingle(Vector128<uint> a, Vector128<uint> b) =>
        (a.AsSingle() - b.AsSingle()).AsUInt32();

    public static Vector128<uint> MultiplySingle(Vector128<uint> a, Vector128<uint> b) =>
        (a.AsSingle() * b.AsSingle()).AsUInt32();

    public static Vector128<uint> DivideSingle(Vector128<uint> a, Vector128<uint> b) => (a.AsSingle() / b.AsSingle()).AsUInt32();

    public static Vector128<uint> MultiplyAddSingle(Vector128<uint> a, Vector128<uint> b, Vector128<uint> c) =>
        Vector128.MultiplyAddEstimate(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsUInt32();

    public static Vector128<uint> WidenLower(Vector128<uint> singles) => Vector128.WidenLower(singles.AsSingle()).AsUInt32();

    public static Vector128<uint> WidenUpper(Vector128<uint> singles) => Vector128.WidenUpper(singles.AsSingle()).AsUInt32();

    public static Vector128<uint> LoadWidened(ref readonly byte source) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(in source)).AsSingle()).AsUInt32();

    public static Vector128<uint> Narrow(Vector128<uint> lower, Vector128<uint> upper) =>
        Vector128.Narrow(lower.AsDouble(), upper.AsDouble()).AsUInt32();

    public static Vector128<uint> AddDouble(Vector128<uint> a, Vector128<uint> b) => (a.AsDouble() + b.AsDouble()).AsUInt32();

    public static Vector128<uint> MultiplyDouble(Vector128<uint> a, Vector128<uint> b) =>
        (a.AsDouble() * b.AsDouble()).AsUInt32();

    public static Vector128<uint> DivideDouble(Vector128<uint> a, Vector128<uint> b) => (a.AsDouble() / b.AsDouble()).AsUInt32();

    public static Vector128<uint> EqualDouble(Vector128<uint> a, Vector128<uint> b) =>
        Vector128.Equals(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector128<uint> LessDouble(Vector128<uint> a, Vector128<uint> b) =>
        Vector128.LessThan(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector128<uint> LessOrEqualDouble(Vector128<uint> a, Vector128<uint> b) =>
        Vector128.LessThanOrEqual(a.AsDouble(), b.AsDouble()).AsUInt32();

    public static Vector128<uint> UpperWords(Vector128<uint> lower, Vector128<uint> upper) =>
        Vector128.Narrow(lower.AsUInt64() >>> 32, upper.AsUInt64() >>> 32);

    public static Vector128<uint> MultiplyAddRounded(Vector128<uint> a, Vector128<uint> b, Vector128<uint> c) =>
        ((a.AsDouble() * b.AsDouble()) + c.AsDouble()).AsUInt32();

    public static Vector128<uint> MultiplyAddExact(Vector128<uint> a, Vector128<uint> b, Vector128<uint> c) =>
        Vector128.MultiplyAddEstimate(a.AsDouble(), b.AsDouble(), c.AsDouble()).AsUInt32();

    public static Vector128<uint> RoundToOdd(Vector128<uint> doubles)
    {
        // Adding LostBits to the lost bits carries into the last kept bit exactly where they are not all zero.
        var lost = Vector128.Create(LostBits);
        var bits = doubles.AsUInt64();
        return ((bits | ((bits & lost) + lost)) & ~lost).AsUInt32();
    }

    public static bool AnyNonFiniteDouble(Vector128<uint> doubles)
    {
        var exponent = Vector128.Create(0x7FF0_0000_0000_0000UL);
        return Vector128.EqualsAny(doubles.AsUInt64() & exponent, exponent);
    }
}
