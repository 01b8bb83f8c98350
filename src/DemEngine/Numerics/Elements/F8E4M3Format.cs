namespace DemEngine.Numerics.Elements;

/// <summary>
/// OCP FP8 E4M3, which is PyTorch's float8_e4m3fn: no infinities, one NaN and a largest value of 448. What rounds beyond it
/// becomes NaN.
/// </summary>
internal readonly struct F8E4M3Format : ISmallFloatFormat
{
    public static ElementType Type => ElementType.F8E4M3;

    public static int Width => 8;

    public static int MantissaBits => 3;

    public static int Bias => 7;

    public static uint FirstNonFinite => 0x7F;

    public static uint CanonicalNaN => 0x7F;
}
