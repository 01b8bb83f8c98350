using DemEngine.Numerics.Deltas;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Rows;

/// <summary>
/// The exponential and the logarithm of <see cref="SoftmaxDivergence"/>, operation by operation, so that the bits are the same.
/// </summary>
/// <remarks>
/// Products are rounded before they are added: their bits pass through an exclusive or with a number that only the launch knows,
/// since the driver may otherwise fuse the two.
/// </remarks>
internal static class DeviceSoftmax
{
    /// <summary>What is added to each probability.</summary>
    public const double Floor = 1e-8;

    private const double Log2E = 1.4426950408889634;
    private const double Ln2High = 0.693147180369123816490;
    private const double Ln2Low = 1.90821492927058770002e-10;
    private const double Vanishing = -708;

    /// <summary>Computes eˣ for x ≤ 0.</summary>
    public static double Exponential(double x, ulong zero)
    {
        bool vanishes = x < Vanishing;
        x = Utilities.Select(vanishes, 0.0, x);
        double n = Math.Floor(Rounded(x * Log2E, zero) + 0.5);
        double r = x - Rounded(n * Ln2High, zero) - Rounded(n * Ln2Low, zero);
        double series = 1;
        series = Term(r, 1.0 / 14, series, zero);
        series = Term(r, 1.0 / 13, series, zero);
        series = Term(r, 1.0 / 12, series, zero);
        series = Term(r, 1.0 / 11, series, zero);
        series = Term(r, 1.0 / 10, series, zero);
        series = Term(r, 1.0 / 9, series, zero);
        series = Term(r, 1.0 / 8, series, zero);
        series = Term(r, 1.0 / 7, series, zero);
        series = Term(r, 1.0 / 6, series, zero);
        series = Term(r, 1.0 / 5, series, zero);
        series = Term(r, 1.0 / 4, series, zero);
        series = Term(r, 1.0 / 3, series, zero);
        series = Term(r, 1.0 / 2, series, zero);
        series = Term(r, 1.0, series, zero);
        double power = Interop.IntAsFloat((ulong)((long)n + 1023) << 52);
        return Utilities.Select(vanishes, 0.0, series * power);
    }

    /// <summary>Computes log y for positive normal y.</summary>
    public static double Logarithm(double y, ulong zero)
    {
        long bits = (long)Interop.FloatAsInt(y);
        long n = (bits - 0x3FE6_A09E_667F_3BCD) >> 52;
        double m = Interop.IntAsFloat((ulong)(bits - (n << 52)));
        double s = (m - 1) / (m + 1);
        double square = s * s;
        double series = 1.0 / 25;
        series = (1.0 / 23) + Rounded(square * series, zero);
        series = (1.0 / 21) + Rounded(square * series, zero);
        series = (1.0 / 19) + Rounded(square * series, zero);
        series = (1.0 / 17) + Rounded(square * series, zero);
        series = (1.0 / 15) + Rounded(square * series, zero);
        series = (1.0 / 13) + Rounded(square * series, zero);
        series = (1.0 / 11) + Rounded(square * series, zero);
        series = (1.0 / 9) + Rounded(square * series, zero);
        series = (1.0 / 7) + Rounded(square * series, zero);
        series = (1.0 / 5) + Rounded(square * series, zero);
        series = (1.0 / 3) + Rounded(square * series, zero);
        series = 1.0 + Rounded(square * series, zero);
        double exponent = n;
        double result = Rounded(exponent * Ln2Low, zero) + Rounded(2 * s * series, zero) + Rounded(exponent * Ln2High, zero);
        return Utilities.Select(double.IsNaN(y), y, result);
    }

    private static double Term(double r, double factor, double series, ulong zero) => 1 + Rounded(r * factor * series, zero);

    private static double Rounded(double product, ulong zero) => Interop.IntAsFloat(Interop.FloatAsInt(product) ^ zero);
}
