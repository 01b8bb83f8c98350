namespace DemEngine.Numerics.Elements;

/// <summary>OCP FP8 E5M2: the upper half of a binary16.</summary>
internal readonly struct F8E5M2Format : ISmallFloatFormat
{
    public static ElementType Type => ElementType.F8E5M2;

    public static int Width => 8;

    public static int MantissaBits => 2;

    public static int Bias => 15;

    public static uint FirstNonFinite => 0x7C;

    public static uint CanonicalNaN => 0x7E;
}
