using DemEngine.Numerics;

namespace DemEngine.Tests.Reference;

/// <summary>A type so narrow that all its values can be listed; a double is rounded by looking where among them it lies.</summary>
internal sealed class TableFloat : ReferenceFloat
{
    private readonly double[] _values;
    private readonly ulong[] _finite;
    private readonly double[] _bounds;
    private readonly bool _hasInfinities;
    private readonly ulong _canonicalNaN;

    public TableFloat(ElementType type, int exponentBits, int mantissaBits, int bias, bool hasInfinities, ulong canonicalNaN)
        : base(type, (1 + exponentBits + mantissaBits) / 8, LargestOf(exponentBits, mantissaBits, hasInfinities, canonicalNaN))
    {
        _hasInfinities = hasInfinities;
        _canonicalNaN = canonicalNaN;

        _values = new double[2 * SignBit];
        for (ulong magnitude = 0; magnitude < SignBit; magnitude++)
        {
            double value = ValueOf(magnitude, mantissaBits, bias);
            _values[magnitude] = value;
            _values[magnitude | SignBit] = -value;
        }

        if (!HasNegativeZero)
            _values[SignBit] = double.NaN;

        _finite = [.. Encodings(SignBit).Where(magnitude => double.IsFinite(_values[magnitude])).OrderBy(magnitude => _values[magnitude])];
        _bounds = new double[_finite.Length];
        for (int k = 0; k < _finite.Length; k++)
            _bounds[k] = (Finite(k) + Finite(k + 1)) / 2;
    }

    /// <summary>What lies halfway between the finite values that are not negative, and beyond the largest: exact in double.</summary>
    public ReadOnlySpan<double> Bounds => _bounds;

    /// <summary>Whether the sign bit alone is zero, and not the only NaN.</summary>
    private bool HasNegativeZero => _canonicalNaN != SignBit;

    public override bool IsFinite(ulong encoding) => double.IsFinite(_values[encoding]);

    public override double Value(ulong encoding) => _values[encoding];

    public override ulong Round(double value)
    {
        if (double.IsNaN(value))
            return _canonicalNaN;

        ulong sign = double.IsNegative(value) ? SignBit : 0;
        double magnitude = Math.Abs(value);
        int k = Array.BinarySearch(_bounds, magnitude);
        if (k < 0)
            k = ~k;
        else if (k + 1 == _finite.Length ? _finite[k] % 2 == 1 : _finite[k + 1] % 2 == 0)
            k++;

        if (k < _finite.Length)
            return k == 0 && !HasNegativeZero ? 0 : sign | _finite[k];

        return _hasInfinities ? sign | (Largest + 1) : _canonicalNaN;
    }

    /// <summary>The k-th finite value, or what would follow the last one.</summary>
    private double Finite(int k) =>
        k < _finite.Length ? _values[_finite[k]] : (2 * _values[_finite[k - 1]]) - _values[_finite[k - 2]];

    private static IEnumerable<ulong> Encodings(ulong count)
    {
        for (ulong encoding = 0; encoding < count; encoding++)
            yield return encoding;
    }

    private static ulong LargestOf(int exponentBits, int mantissaBits, bool hasInfinities, ulong canonicalNaN)
    {
        ulong allOnes = (1UL << (exponentBits + mantissaBits)) - 1;
        if (canonicalNaN > allOnes)
            return allOnes;
        return hasInfinities ? allOnes - (1UL << mantissaBits) : allOnes - 1;
    }

    private double ValueOf(ulong magnitude, int mantissaBits, int bias)
    {
        if (magnitude > Largest)
            return _hasInfinities && magnitude == Largest + 1 ? double.PositiveInfinity : double.NaN;

        int exponent = (int)(magnitude >> mantissaBits);
        ulong mantissa = magnitude % (1UL << mantissaBits);
        return exponent == 0
            ? mantissa * PowerOfTwo(1 - bias - mantissaBits)
            : (mantissa + (1UL << mantissaBits)) * PowerOfTwo(exponent - bias - mantissaBits);
    }

    private static double PowerOfTwo(int exponent)
    {
        double power = 1;
        for (; exponent > 0; exponent--)
            power *= 2;
        for (; exponent < 0; exponent++)
            power /= 2;
        return power;
    }
}
