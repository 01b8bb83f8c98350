using System.Runtime.CompilerServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>OCP FP8 E4M3, as PyTorch's float8_e4m3fn: no infinities, one NaN, largest value 448; what rounds beyond it becomes NaN.</summary>
internal readonly struct F8E4M3Element : IFloatElement, ISmallFloat
{
    private static readonly SmallFloatFormat Format = new(mantissaBits: 3, bias: 7, overflow: 0x7F, canonicalNaN: 0x7F, signBit: 0x80);

    public static ElementType Type => ElementType.F8E4M3;

    public static int Size => 1;

    public static bool FitsSingle => true;

    public static int MantissaBits => 3;

    public static int Bias => 7;

    public static int Width => 8;

    public static uint FirstNonFinite => 0x7F;

    public static double Read(ref readonly byte source) => Format.Value(source);

    public static bool Write(double value, ref byte destination)
    {
        uint bits = Format.Round(value, out bool isFinite);
        destination = (byte)bits;
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
        TWidth.StoreBytes(SmallFloat.Encode<F8E4M3Element, TWidth, TVector>(singles, out TVector nonFinite), ref destination);
        return TWidth.AnySet(nonFinite);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadSingles<TWidth, TVector>(ref readonly byte source)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => SmallFloat.Decode<F8E4M3Element, TWidth, TVector>(TWidth.LoadBytes(in source));

    public static bool CanRoundApproximations => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector RoundApproximation<TWidth, TVector>(TVector singles, TVector bound, out TVector decided)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadInterleaved<TWidth, TVector>(ref readonly byte source, out TVector even, out TVector odd)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRounded<TWidth, TVector>(TVector rounded, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved<TWidth, TVector>(TVector even, TVector odd, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();
}
