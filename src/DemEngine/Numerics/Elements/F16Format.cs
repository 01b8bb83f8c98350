namespace DemEngine.Numerics.Elements;

/// <summary>IEEE 754 binary16: 5 exponent and 10 mantissa bits.</summary>
internal readonly struct F16Format : ISmallFloatFormat
{
    public static ElementType Type => ElementType.F16;

    public static int Width => 16;

    public static int MantissaBits => 10;

    public static int Bias => 15;

    public static uint FirstNonFinite => 0x7C00;

    public static uint CanonicalNaN => 0x7E00;
}
