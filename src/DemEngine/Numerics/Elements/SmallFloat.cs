using System.Runtime.CompilerServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>The constants of a float type with fewer exponent bits than binary32, as the vector loops need them: F16 and the FP8 types.</summary>
internal interface ISmallFloat
{
    static abstract int MantissaBits { get; }

    static abstract int Bias { get; }

    /// <summary>Bits of the whole element: 8 or 16.</summary>
    static abstract int Width { get; }

    /// <summary>The smallest encoding, without sign, that is not finite.</summary>
    static abstract uint FirstNonFinite { get; }
}

/// <summary>Vector decoding and encoding of the types that <see cref="ISmallFloat"/> describes, on the bits of binary32.</summary>
internal static class SmallFloat
{
    /// <summary>Encodings in the low bits of each lane to binary32, exactly; a NaN or an infinity stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Decode<TFloat, TWidth, TVector>(TVector bits)
        where TFloat : ISmallFloat
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        uint signBit = 1u << (TFloat.Width - 1);
        int shift = 23 - TFloat.MantissaBits;
        TVector sign = TWidth.ShiftLeft(TWidth.And(bits, TWidth.Broadcast(signBit)), 32 - TFloat.Width);
        TVector magnitude = TWidth.ShiftLeft(TWidth.And(bits, TWidth.Broadcast(signBit - 1)), shift);

        TVector normal = TWidth.Add(magnitude, TWidth.Broadcast((uint)(127 - TFloat.Bias) << 23));

        // A subnormal is m·2^(1 − bias); with the exponent of 2^(1 − bias) put in front it is that much too large, exactly.
        TVector one = TWidth.Broadcast((uint)(128 - TFloat.Bias) << 23);
        TVector subnormal = TWidth.SubtractSingle(TWidth.Add(magnitude, one), one);

        TVector special = TWidth.Or(magnitude, TWidth.Broadcast(0x7F80_0000));

        TVector value = TWidth.Select(TWidth.Less(magnitude, TWidth.Broadcast(1u << 23)), subnormal, normal);
        value = TWidth.Select(TWidth.Less(magnitude, TWidth.Broadcast(TFloat.FirstNonFinite << shift)), value, special);
        return TWidth.Or(value, sign);
    }

    /// <summary>Binary32 values that were rounded to odd to encodings in the low bits of each lane, nearest even.</summary>
    /// <param name="singles">The values.</param>
    /// <param name="nonFinite">All bits set where the result is not finite; those lanes are to be written again.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Encode<TFloat, TWidth, TVector>(TVector singles, out TVector nonFinite)
        where TFloat : ISmallFloat
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        int shift = 23 - TFloat.MantissaBits;
        TVector magnitude = TWidth.And(singles, TWidth.Broadcast(0x7FFF_FFFF));
        TVector sign = TWidth.And(TWidth.ShiftRight(singles, 32 - TFloat.Width), TWidth.Broadcast(1u << (TFloat.Width - 1)));

        // Change of bias, plus half of the last kept place, less one where that place is even.
        TVector odd = TWidth.And(TWidth.ShiftRight(magnitude, shift), TWidth.Broadcast(1));
        uint rebiasAndHalf = (1u << (shift - 1)) - 1 - ((uint)(127 - TFloat.Bias) << 23);
        TVector normal = TWidth.ShiftRight(TWidth.Add(TWidth.Add(magnitude, odd), TWidth.Broadcast(rebiasAndHalf)), shift);

        // Adding the binary32 number whose last place is the subnormals' spacing rounds to that spacing.
        TVector spacing = TWidth.Broadcast((uint)(127 + 24 - TFloat.Bias - TFloat.MantissaBits) << 23);
        TVector subnormal = TWidth.Subtract(TWidth.AddSingle(magnitude, spacing), spacing);

        TVector isNormal = TWidth.Less(TWidth.Broadcast(((uint)(128 - TFloat.Bias) << 23) - 1), magnitude);
        TVector limit = TWidth.Broadcast(TFloat.FirstNonFinite);
        TVector encoded = TWidth.Min(TWidth.Select(isNormal, normal, subnormal), limit);
        nonFinite = TWidth.Equal(encoded, limit);
        return TWidth.Or(encoded, sign);
    }
}
