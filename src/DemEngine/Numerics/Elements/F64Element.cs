using System.Runtime.CompilerServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>IEEE 754 binary64.</summary>
internal readonly struct F64Element : IFloatElement
{
    private const ulong CanonicalNaN = 0x7FF8_0000_0000_0000;

    public static ElementType Type => ElementType.F64;

    public static int Size => 8;

    public static bool FitsSingle => false;

    public static double Read(ref readonly byte source) => Unsafe.ReadUnaligned<double>(in source);

    public static bool Write(double value, ref byte destination)
    {
        Unsafe.WriteUnaligned(ref destination, double.IsNaN(value) ? CanonicalNaN : BitConverter.DoubleToUInt64Bits(value));
        return double.IsFinite(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TWidth, TVector>(ref readonly byte source, out TVector lower, out TVector upper)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        lower = TWidth.Load(in source);
        upper = TWidth.Load(ref Unsafe.AddByteOffset(ref Unsafe.AsRef(in source), (nuint)Unsafe.SizeOf<TVector>()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Store<TWidth, TVector>(TVector lower, TVector upper, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        TWidth.Store(lower, ref destination);
        TWidth.Store(upper, ref Unsafe.AddByteOffset(ref destination, (nuint)Unsafe.SizeOf<TVector>()));
        return TWidth.AnyNonFiniteDouble(lower) | TWidth.AnyNonFiniteDouble(upper);
    }
}
