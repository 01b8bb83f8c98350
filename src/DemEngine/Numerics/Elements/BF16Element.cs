using System.Runtime.CompilerServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>The upper half of an IEEE 754 binary32: 8 exponent and 7 mantissa bits.</summary>
internal readonly struct BF16Element : IFloatElement
{
    private static readonly NarrowFloat Scalar =
        new(mantissaBits: 7, bias: 127, overflow: 0x7F80, canonicalNaN: 0x7FC0, signBit: 0x8000);

    public static ElementType Type => ElementType.BF16;

    public static int Size => 2;

    public static bool FitsSingle => true;

    public static double Read(ref readonly byte source) =>
        BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(in source) << 16);

    public static bool Write(double value, ref byte destination)
    {
        uint bits = Scalar.Round(value, out bool isFinite);
        Unsafe.WriteUnaligned(ref destination, (ushort)bits);
        return isFinite;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TWidth, TVector>(ref readonly byte source, out TVector lower, out TVector upper)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        TVector singles = LoadSingles<TWidth, TVector>(in source);
        lower = TWidth.WidenLower(singles);
        upper = TWidth.WidenUpper(singles);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Store<TWidth, TVector>(TVector lower, TVector upper, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        TVector singles = TWidth.Narrow(TWidth.RoundToOdd(lower), TWidth.RoundToOdd(upper));

        // Adds half a unit of the last kept bit, less one where that bit is 0, so that ties go to even.
        TVector odd = TWidth.And(TWidth.ShiftRight(singles, 16), TWidth.Broadcast(1));
        TVector rounded = TWidth.Add(singles, TWidth.Add(odd, TWidth.Broadcast(0x7FFF)));
        TWidth.StoreWords(TWidth.ShiftRight(rounded, 16), ref destination);

        // Rounding to odd fails below binary32's smallest normal; from 0x7F7F8000 on the result is not finite.
        TVector magnitude = TWidth.And(singles, TWidth.Broadcast(0x7FFF_FFFF));
        TVector subnormal = TWidth.Less(TWidth.Subtract(magnitude, TWidth.Broadcast(1)), TWidth.Broadcast(0x007F_FFFF));
        TVector overflow = TWidth.Less(TWidth.Broadcast(0x7F7F_7FFF), magnitude);
        return TWidth.AnySet(TWidth.Or(subnormal, overflow));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadSingles<TWidth, TVector>(ref readonly byte source)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.ShiftLeft(TWidth.LoadWords(in source), 16);

    public static bool CanRoundApproximations => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector RoundApproximation<TWidth, TVector>(TVector singles, TVector bound, out TVector decided)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        // The rounding changes at the midpoint between the two nearest results. Just above a power of two the midpoint below it
        // may be nearer, a quarter of a unit in the last place away, as results lie twice as close there. Binary32 numbers
        // without a sign are ordered as their bits are, so each condition is that a difference of integers is negative. The last
        // one keeps clear of overflow. Where a quarter of a unit would not be a normal number, nothing is decided.
        TVector middle = TWidth.Or(TWidth.And(singles, TWidth.Broadcast(0xFFFF_0000)), TWidth.Broadcast(0x8000));
        TVector distance = TWidth.And(TWidth.SubtractSingle(singles, middle), TWidth.Broadcast(0x7FFF_FFFF));
        TVector magnitude = TWidth.And(singles, TWidth.Broadcast(0x7FFF_FFFF));
        TVector quarter = TWidth.Subtract(TWidth.And(singles, TWidth.Broadcast(0x7F80_0000)), TWidth.Broadcast(9 << 23));
        decided = TWidth.And(
            TWidth.And(TWidth.Subtract(bound, distance), TWidth.Subtract(bound, quarter)),
            TWidth.Subtract(magnitude, TWidth.Broadcast(0x7F00_0000)));
        return TWidth.Add(singles, TWidth.Broadcast(0x8000));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadInterleaved<TWidth, TVector>(ref readonly byte source, out TVector even, out TVector odd)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        TVector words = TWidth.Load(in source);
        even = TWidth.ShiftLeft(words, 16);
        odd = TWidth.And(words, TWidth.Broadcast(0xFFFF_0000));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRounded<TWidth, TVector>(TVector rounded, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.StoreWords(TWidth.ShiftRight(rounded, 16), ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved<TWidth, TVector>(TVector even, TVector odd, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct =>
        TWidth.Store(
            TWidth.Or(TWidth.ShiftRight(even, 16), TWidth.And(odd, TWidth.Broadcast(0xFFFF_0000))), ref destination);
}
