namespace DemEngine.Numerics.Elements;

/// <summary>Generic code that is run for one small float format, chosen at run time.</summary>
/// <typeparam name="TResult">Type of the result.</typeparam>
internal interface ISmallFloatVisitor<out TResult>
    where TResult : allows ref struct
{
    TResult Visit<TFormat>()
        where TFormat : struct, ISmallFloatFormat;
}

/// <summary>
/// The float types with fewer exponent bits than binary32. The processor and the devices both take them from here, so that a new
/// one is a structure and a line in this file, and an <see cref="ElementType"/>.
/// </summary>
internal static class SmallFloatFormats
{
    /// <summary>Runs the visitor with the format of <paramref name="type"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not a small float type.</exception>
    public static TResult Dispatch<TVisitor, TResult>(ElementType type, TVisitor visitor)
        where TVisitor : ISmallFloatVisitor<TResult>, allows ref struct
        where TResult : allows ref struct => type switch
        {
            ElementType.F16 => visitor.Visit<F16Format>(),
            ElementType.F8E4M3 => visitor.Visit<F8E4M3Format>(),
            ElementType.F8E5M2 => visitor.Visit<F8E5M2Format>(),
            ElementType.F8E4M3Fnuz => visitor.Visit<F8E4M3FnuzFormat>(),
            ElementType.F8E5M2Fnuz => visitor.Visit<F8E5M2FnuzFormat>(),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a floating-point type"),
        };
}

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

/// <summary>
/// PyTorch's float8_e4m3fnuz (Noune et al., "8-bit Numerical Formats for Deep Neural Networks", arXiv 2206.02915): no infinities
/// and no negative zero, whose encoding is the only NaN, and a largest value of 240. What rounds beyond it becomes NaN.
/// </summary>
internal readonly struct F8E4M3FnuzFormat : ISmallFloatFormat
{
    public static ElementType Type => ElementType.F8E4M3Fnuz;

    public static int Width => 8;

    public static int MantissaBits => 3;

    public static int Bias => 8;

    public static uint FirstNonFinite => 0x80;

    public static uint CanonicalNaN => 0x80;
}

/// <summary>
/// PyTorch's float8_e5m2fnuz (arXiv 2206.02915): as <see cref="F8E4M3FnuzFormat"/>, with 2 mantissa bits and a largest value of
/// 57344.
/// </summary>
internal readonly struct F8E5M2FnuzFormat : ISmallFloatFormat
{
    public static ElementType Type => ElementType.F8E5M2Fnuz;

    public static int Width => 8;

    public static int MantissaBits => 2;

    public static int Bias => 16;

    public static uint FirstNonFinite => 0x80;

    public static uint CanonicalNaN => 0x80;
}
