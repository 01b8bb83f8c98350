namespace DemEngine.Numerics.Elements;

/// <summary>
/// Scalar codec of a floating-point type narrower than binary32. It says what the encodings mean and defines the rounding to the
/// type.
/// </summary>
/// <param name="mantissaBits">Number of stored bits of the significand.</param>
/// <param name="bias">Exponent bias, the number that is added to the exponent before it is stored.</param>
/// <param name="overflow">
/// Encoding, without sign, of everything too large: an infinity, or a NaN where the type has no infinity.
/// </param>
/// <param name="canonicalNaN">The encoding of every NaN. Where it is the sign bit alone, the type has no negative zero.</param>
/// <param name="signBit">Mask of the sign bit.</param>
internal readonly struct NarrowFloat(int mantissaBits, int bias, uint overflow, uint canonicalNaN, uint signBit)
{
    /// <summary>Rounds to the nearest value of the format, ties to even.</summary>
    /// <param name="value">Value to round; any double.</param>
    /// <param name="isFinite">Whether the result is finite.</param>
    /// <returns>The encoding of the rounded value.</returns>
    public uint Round(double value, out bool isFinite)
    {
        isFinite = false;
        if (double.IsNaN(value))
            return canonicalNaN;

        uint sign = double.IsNegative(value) ? signBit : 0;
        uint magnitude = overflow;
        if (double.IsFinite(value))
        {
            // Below the smallest normal exponent, the spacing of values stays the same.
            int exponent = value == 0 ? 1 - bias : Math.Max(Math.ILogB(value), 1 - bias);
            if (exponent <= bias + 1)
            {
                double inLastPlaces = Math.Round(Math.ScaleB(Math.Abs(value), mantissaBits - exponent), MidpointRounding.ToEven);
                magnitude = (uint)(((exponent + bias - 1) << mantissaBits) + (int)inLastPlaces);
            }
        }

        isFinite = magnitude < overflow;
        if (isFinite)
            return magnitude == 0 && canonicalNaN == signBit ? 0 : sign | magnitude;

        return overflow == canonicalNaN ? canonicalNaN : sign | overflow;
    }

    /// <summary>Returns the value of an encoding.</summary>
    public double Value(uint encoding)
    {
        if (encoding == canonicalNaN)
            return double.NaN;

        uint magnitude = encoding & (signBit - 1);
        double value = double.NaN;
        if (magnitude < overflow)
        {
            int exponent = (int)(magnitude >> mantissaBits);
            uint significand = magnitude & ((1u << mantissaBits) - 1);
            value = exponent == 0
                ? Math.ScaleB(significand, 1 - bias - mantissaBits)
                : Math.ScaleB(significand + (1u << mantissaBits), exponent - bias - mantissaBits);
        }
        else if (magnitude == overflow && overflow != canonicalNaN)
        {
            value = double.PositiveInfinity;
        }

        return (encoding & signBit) != 0 ? -value : value;
    }
}
