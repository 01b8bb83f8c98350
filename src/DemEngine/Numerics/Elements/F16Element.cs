using System.Runtime.CompilerServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>IEEE 754 binary16: 5 exponent and 10 mantissa bits.</summary>
internal readonly struct F16Element : IFloatElement, ISmallFloat
{
    private static readonly SmallFloatFormat Format = new(mantissaBits: 10, bias: 15, overflow: 0x7C00, canonicalNaN: 0x7E00, signBit: 0x8000);

    public static ElementType Type => ElementType.F16;

    public static int Size => 2;

    public static bool FitsSingle => true;

    public static int MantissaBits => 10;

    public static int Bias => 15;

    public static int Width => 16;

    public static uint FirstNonFinite => 0x7C00;

    public static double Read(ref readonly byte source) => Format.Value(Unsafe.ReadUnaligned<ushort>(in source));

    public static bool Write(double value, ref byte destination)
    {
        uint bits = Format.Round(value, out bool isFinite);
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
        TWidth.StoreWords(SmallFloat.Encode<F16Element, TWidth, TVector>(singles, out TVector nonFinite), ref destination);
        return TWidth.AnySet(nonFinite);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadSingles<TWidth, TVector>(ref readonly byte source)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => SmallFloat.Decode<F16Element, TWidth, TVector>(TWidth.LoadWords(in source));

    public static bool CanRoundApproximations => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector RoundApproximation<TWidth, TVector>(TVector singles, TVector bound, out TVector decided)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        // Where the rounding turns: the middle between the two nearest results. Binary32 numbers without a sign are ordered as their
        // bits are, so each condition is that a difference of integers is negative; the others keep to the normal numbers from 2^-14 up to 2^15.
        TVector middle = TWidth.Or(TWidth.And(singles, TWidth.Broadcast(0xFFFF_E000)), TWidth.Broadcast(0x1000));
        TVector distance = TWidth.And(TWidth.SubtractSingle(singles, middle), TWidth.Broadcast(0x7FFF_FFFF));
        TVector magnitude = TWidth.And(singles, TWidth.Broadcast(0x7FFF_FFFF));
        TVector inRange = TWidth.And(
            TWidth.Subtract(TWidth.Broadcast((113u << 23) - 1), magnitude),
            TWidth.Subtract(magnitude, TWidth.Broadcast(142u << 23)));
        decided = TWidth.And(TWidth.Subtract(bound, distance), inRange);

        TVector sign = TWidth.And(TWidth.ShiftRight(singles, 16), TWidth.Broadcast(0x8000));
        TVector rebias = TWidth.Broadcast(unchecked(0x1000u - (112u << 23)));
        return TWidth.Or(sign, TWidth.ShiftRight(TWidth.Add(magnitude, rebias), 13));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadInterleaved<TWidth, TVector>(ref readonly byte source, out TVector even, out TVector odd)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        TVector words = TWidth.Load(in source);
        even = SmallFloat.Decode<F16Element, TWidth, TVector>(TWidth.And(words, TWidth.Broadcast(0xFFFF)));
        odd = SmallFloat.Decode<F16Element, TWidth, TVector>(TWidth.ShiftRight(words, 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRounded<TWidth, TVector>(TVector rounded, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.StoreWords(rounded, ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved<TWidth, TVector>(TVector even, TVector odd, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.Store(TWidth.Or(even, TWidth.ShiftLeft(odd, 16)), ref destination);
}
