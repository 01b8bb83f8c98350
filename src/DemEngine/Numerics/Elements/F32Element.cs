using System.Runtime.CompilerServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>IEEE 754 binary32.</summary>
internal readonly struct F32Element : IFloatElement
{
    private const uint CanonicalNaN = 0x7FC0_0000;
    private const uint Magnitude = 0x7FFF_FFFF;
    private const uint LargestFinite = 0x7F7F_FFFF;

    public static ElementType Type => ElementType.F32;

    public static int Size => 4;

    public static bool FitsSingle => true;

    public static double Read(ref readonly byte source) => Unsafe.ReadUnaligned<float>(in source);

    public static bool Write(double value, ref byte destination)
    {
        float single = (float)value;
        Unsafe.WriteUnaligned(ref destination, float.IsNaN(single) ? CanonicalNaN : BitConverter.SingleToUInt32Bits(single));
        return float.IsFinite(single);
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
        TVector singles = TWidth.Narrow(lower, upper);
        TWidth.Store(singles, ref destination);
        TVector magnitude = TWidth.And(singles, TWidth.Broadcast(Magnitude));
        return TWidth.AnySet(TWidth.Less(TWidth.Broadcast(LargestFinite), magnitude));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadSingles<TWidth, TVector>(ref readonly byte source)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.Load(in source);
}
