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
    public static TVector RoundApproximation<TWidth, TVector>(TVector singles, TVector slack, out TVector decided)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        // The low 13 bits go; only from within the slack of their middle could the true sum round the other way.
        TVector middle = TWidth.Broadcast(0x1000);
        TVector fromMiddle = TWidth.Subtract(TWidth.Add(TWidth.And(singles, TWidth.Broadcast(0x1FFF)), slack), middle);

        // Only well inside the normal numbers, 2^-14 to 2^15, is that so.
        TVector magnitude = TWidth.Subtract(TWidth.And(singles, TWidth.Broadcast(0x7FFF_FFFF)), TWidth.Broadcast(113u << 23));
        decided = TWidth.And(
            TWidth.Less(TWidth.Add(slack, slack), fromMiddle),
            TWidth.Less(magnitude, TWidth.Broadcast(29u << 23)));

        TVector sign = TWidth.And(TWidth.ShiftRight(singles, 16), TWidth.Broadcast(0x8000));
        return TWidth.Or(sign, TWidth.ShiftRight(TWidth.Add(magnitude, TWidth.Broadcast((1u << 23) + 0x1000)), 13));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreEncoded<TWidth, TVector>(TVector encoded, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.StoreWords(encoded, ref destination);
}
