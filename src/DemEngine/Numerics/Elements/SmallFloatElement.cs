using System.Runtime.CompilerServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>Codec of a float type with fewer exponent bits than binary32, implemented on the bits of binary32.</summary>
/// <typeparam name="TFormat">Constants of the type.</typeparam>
internal readonly struct SmallFloatElement<TFormat> : IFloatElement
    where TFormat : ISmallFloatFormat
{
    private static readonly NarrowFloat Scalar =
        new(TFormat.MantissaBits, TFormat.Bias, TFormat.FirstNonFinite, TFormat.CanonicalNaN, SignBit);

    public static ElementType Type => TFormat.Type;

    public static int Size => TFormat.Width / 8;

    public static bool FitsSingle => true;

    private static uint SignBit => 1u << (TFormat.Width - 1);

    private static bool HasNegativeZero => TFormat.CanonicalNaN != SignBit;

    // The elements of 8-bit types are mostly subnormal, where the test of RoundApproximation does not hold.
    public static bool CanRoundApproximations => TFormat.Width == 16;

    public static double Read(ref readonly byte source) =>
        Scalar.Value(TFormat.Width == 8 ? source : Unsafe.ReadUnaligned<ushort>(in source));

    public static bool Write(double value, ref byte destination)
    {
        uint bits = Scalar.Round(value, out bool isFinite);
        if (TFormat.Width == 8)
            destination = (byte)bits;
        else
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
        TVector encoded = Encode<TWidth, TVector>(singles, out TVector nonFinite);
        if (TFormat.Width == 8)
            TWidth.StoreBytes(encoded, ref destination);
        else
            TWidth.StoreWords(encoded, ref destination);
        return TWidth.AnySet(nonFinite);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadSingles<TWidth, TVector>(ref readonly byte source)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct =>
        Decode<TWidth, TVector>(TFormat.Width == 8 ? TWidth.LoadBytes(in source) : TWidth.LoadWords(in source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector RoundApproximation<TWidth, TVector>(TVector singles, TVector bound, out TVector decided)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        // The rounding changes at the midpoint between the two nearest results. Just above a power of two the midpoint below it
        // may be nearer, a quarter of a unit in the last place away, as results lie twice as close there. Binary32 numbers
        // without a sign are ordered as their bits are, so each condition is that a difference of integers is negative. The
        // other conditions keep well inside the normal numbers.
        int shift = 23 - TFormat.MantissaBits;
        uint half = 1u << (shift - 1);
        TVector middle = TWidth.Or(TWidth.And(singles, TWidth.Broadcast(uint.MaxValue << shift)), TWidth.Broadcast(half));
        TVector distance = TWidth.And(TWidth.SubtractSingle(singles, middle), TWidth.Broadcast(0x7FFF_FFFF));
        TVector magnitude = TWidth.And(singles, TWidth.Broadcast(0x7FFF_FFFF));
        TVector inRange = TWidth.And(
            TWidth.Subtract(TWidth.Broadcast(((uint)(128 - TFormat.Bias) << 23) - 1), magnitude),
            TWidth.Subtract(magnitude, TWidth.Broadcast((uint)(127 + TFormat.Bias) << 23)));
        TVector quarter = TWidth.Subtract(
            TWidth.And(singles, TWidth.Broadcast(0x7F80_0000)), TWidth.Broadcast((uint)(TFormat.MantissaBits + 2) << 23));
        decided = TWidth.And(TWidth.Subtract(bound, TWidth.Min(distance, quarter)), inRange);

        TVector sign = TWidth.And(TWidth.ShiftRight(singles, 32 - TFormat.Width), TWidth.Broadcast(SignBit));
        TVector rebias = TWidth.Broadcast(unchecked(half - ((uint)(127 - TFormat.Bias) << 23)));
        return TWidth.Or(sign, TWidth.ShiftRight(TWidth.Add(magnitude, rebias), shift));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadInterleaved<TWidth, TVector>(ref readonly byte source, out TVector even, out TVector odd)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        TVector words = TWidth.Load(in source);
        even = Decode<TWidth, TVector>(TWidth.And(words, TWidth.Broadcast(0xFFFF)));
        odd = Decode<TWidth, TVector>(TWidth.ShiftRight(words, 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRounded<TWidth, TVector>(TVector rounded, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.StoreWords(rounded, ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved<TWidth, TVector>(TVector even, TVector odd, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.Store(TWidth.Or(even, TWidth.ShiftLeft(odd, 16)), ref destination);

    /// <summary>Decodes the low bits of each lane to binary32, exactly. A NaN or an infinity stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Decode<TWidth, TVector>(TVector bits)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        int shift = 23 - TFormat.MantissaBits;
        TVector sign = TWidth.ShiftLeft(TWidth.And(bits, TWidth.Broadcast(SignBit)), 32 - TFormat.Width);
        TVector magnitude = TWidth.ShiftLeft(TWidth.And(bits, TWidth.Broadcast(SignBit - 1)), shift);

        TVector normal = TWidth.Add(magnitude, TWidth.Broadcast((uint)(127 - TFormat.Bias) << 23));

        // A subnormal is m·2^(1 − bias). With the exponent of 2^(1 − bias) put in front, it is too large by exactly that number,
        // which is subtracted.
        TVector one = TWidth.Broadcast((uint)(128 - TFormat.Bias) << 23);
        TVector subnormal = TWidth.SubtractSingle(TWidth.Add(magnitude, one), one);

        TVector value = TWidth.Select(TWidth.Less(magnitude, TWidth.Broadcast(1u << 23)), subnormal, normal);
        if (!HasNegativeZero)
            return TWidth.Select(
                TWidth.Equal(bits, TWidth.Broadcast(SignBit)), TWidth.Broadcast(0x7FC0_0000), TWidth.Or(value, sign));

        TVector special = TWidth.Or(magnitude, TWidth.Broadcast(0x7F80_0000));
        value = TWidth.Select(TWidth.Less(magnitude, TWidth.Broadcast(TFormat.FirstNonFinite << shift)), value, special);
        return TWidth.Or(value, sign);
    }

    /// <summary>
    /// Encodes binary32 values that were rounded to odd into the low bits of each lane, rounding to nearest even.
    /// </summary>
    /// <param name="singles">Values, rounded to odd, to encode.</param>
    /// <param name="nonFinite">
    /// Receives masks with all bits set where the result is not finite; those lanes have to be written again.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Encode<TWidth, TVector>(TVector singles, out TVector nonFinite)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        int shift = 23 - TFormat.MantissaBits;
        TVector magnitude = TWidth.And(singles, TWidth.Broadcast(0x7FFF_FFFF));
        TVector sign = TWidth.And(TWidth.ShiftRight(singles, 32 - TFormat.Width), TWidth.Broadcast(SignBit));

        // Changes the bias and adds half a unit of the last kept bit, less one where that bit is 0, so that ties go to even.
        TVector odd = TWidth.And(TWidth.ShiftRight(magnitude, shift), TWidth.Broadcast(1));
        uint rebiasAndHalf = (1u << (shift - 1)) - 1 - ((uint)(127 - TFormat.Bias) << 23);
        TVector normal = TWidth.ShiftRight(TWidth.Add(TWidth.Add(magnitude, odd), TWidth.Broadcast(rebiasAndHalf)), shift);

        // Adding the binary32 number whose last place is the subnormals' spacing rounds to that spacing.
        TVector spacing = TWidth.Broadcast((uint)(127 + 24 - TFormat.Bias - TFormat.MantissaBits) << 23);
        TVector subnormal = TWidth.Subtract(TWidth.AddSingle(magnitude, spacing), spacing);

        TVector isNormal = TWidth.Less(TWidth.Broadcast(((uint)(128 - TFormat.Bias) << 23) - 1), magnitude);
        TVector limit = TWidth.Broadcast(TFormat.FirstNonFinite);
        TVector encoded = TWidth.Min(TWidth.Select(isNormal, normal, subnormal), limit);
        nonFinite = TWidth.Equal(encoded, limit);
        return TWidth.Or(encoded, HasNegativeZero ? sign : TWidth.And(sign, TWidth.Less(default, encoded)));
    }
}
