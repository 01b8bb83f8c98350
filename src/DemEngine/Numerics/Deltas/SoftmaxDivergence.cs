using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Deltas;

/// <summary>
/// Divergence Σ p·log(p/q) over a row, where p and q are the softmax of the tuned model's row and of the base's, each with 10⁻⁸
/// added. It is +0 where rounding makes the sum negative, and is rounded once to binary32.
/// </summary>
/// <remarks>
/// Everything is computed in binary64 with an exponential and a logarithm written here, since those of the platform differ by
/// platform. They use only operations that IEEE 754 defines to the bit, none of them fused. Element j belongs to lane j mod 8,
/// each lane takes its elements in order, and lanes are added by halves. The row is padded to whole lanes with values that change
/// no sum: −∞ under the exponential, p = q = 1 under the logarithm.
/// </remarks>
internal static class SoftmaxDivergence
{
    private const double Floor = 1e-8;
    private const double Log2E = 1.4426950408889634;

    // ln 2 in two parts. The first is so short that its product with an exponent is exact.
    private const double Ln2High = 0.693147180369123816490;
    private const double Ln2Low = 1.90821492927058770002e-10;

    // Below this argument the exponential is less than the smallest normal number, and counts as 0.
    private const double Vanishing = -708;

    private const int ExponentialTerms = 14;
    private const int LogarithmTerms = 12;

    private static int Lanes => Vector512<double>.Count;

    /// <summary>
    /// Number of elements of scratch memory that <see cref="Of"/> needs for a row: its elements rounded up to whole lanes.
    /// </summary>
    public static int Padded(int elements) => (elements + Lanes - 1) / Lanes * Lanes;

    /// <summary>Computes the divergence of one row.</summary>
    /// <param name="tuned">Row of the tuned model, with space up to <see cref="Padded"/> elements; overwritten.</param>
    /// <param name="original">Row of the base, with the same space; overwritten.</param>
    /// <param name="elements">Number of elements in the row.</param>
    public static float Of(Span<double> tuned, Span<double> original, int elements)
    {
        Softmax(tuned, elements);
        Softmax(original, elements);
        Vector512<double> sum = Vector512<double>.Zero;
        for (int j = 0; j < tuned.Length; j += Lanes)
        {
            Vector512<double> p = Vector512.Create<double>(tuned[j..]);
            Vector512<double> q = Vector512.Create<double>(original[j..]);
            sum += p * Logarithm(p / q);
        }

        double divergence = AddLanes(sum);
        return divergence < 0 ? 0 : (float)divergence;
    }

    private static void Softmax(Span<double> row, int elements)
    {
        row[elements..].Fill(double.NegativeInfinity);
        Vector512<double> most = Vector512.Create(double.NegativeInfinity);
        for (int j = 0; j < row.Length; j += Lanes)
            most = Vector512.Max(most, Vector512.Create<double>(row[j..]));
        double largest = double.NegativeInfinity;
        for (int lane = 0; lane < Lanes; lane++)
            largest = Math.Max(largest, most[lane]);

        Vector512<double> sum = Vector512<double>.Zero;
        for (int j = 0; j < row.Length; j += Lanes)
        {
            Vector512<double> power = Exponential(Vector512.Create<double>(row[j..]) - Vector512.Create(largest));
            power.CopyTo(row[j..]);
            sum += power;
        }

        Vector512<double> total = Vector512.Create(AddLanes(sum));
        for (int j = 0; j < row.Length; j += Lanes)
            ((Vector512.Create<double>(row[j..]) / total) + Vector512.Create(Floor)).CopyTo(row[j..]);
        row[elements..].Fill(1);
    }

    /// <summary>Computes eˣ for x ≤ 0 as 2ⁿ·eʳ with |r| ≤ ln 2 / 2, and eʳ by its series.</summary>
    private static Vector512<double> Exponential(Vector512<double> x)
    {
        Vector512<double> vanishes = Vector512.LessThan(x, Vector512.Create(Vanishing));
        x = Vector512.ConditionalSelect(vanishes, Vector512<double>.Zero, x);
        Vector512<double> n = Vector512.Floor((x * Log2E) + Vector512.Create(0.5));
        Vector512<double> r = x - (n * Ln2High) - (n * Ln2Low);
        Vector512<double> series = Vector512<double>.One;
        for (int k = ExponentialTerms; k > 0; k--)
            series = Vector512<double>.One + (r * (1.0 / k) * series);

        Vector512<double> power = Vector512.ShiftLeft(Vector512.ConvertToInt64(n) + Vector512.Create(1023L), 52).AsDouble();
        return Vector512.ConditionalSelect(vanishes, Vector512<double>.Zero, series * power);
    }

    /// <summary>
    /// Computes log y for positive normal y = 2ⁿ·m with m about 1, and log m = 2·artanh((m − 1)/(m + 1)) by its series.
    /// </summary>
    private static Vector512<double> Logarithm(Vector512<double> y)
    {
        // The mantissas start at √½.
        Vector512<long> offset = y.AsInt64() - Vector512.Create(0x3FE6_A09E_667F_3BCDL);
        Vector512<long> n = offset >> 52;
        Vector512<double> m = (y.AsInt64() - (n << 52)).AsDouble();
        Vector512<double> s = (m - Vector512<double>.One) / (m + Vector512<double>.One);
        Vector512<double> square = s * s;
        Vector512<double> series = Vector512<double>.Zero;
        for (int k = LogarithmTerms; k >= 0; k--)
            series = Vector512.Create(1.0 / ((2 * k) + 1)) + (square * series);
        Vector512<double> exponent = Vector512.ConvertToDouble(n);
        Vector512<double> result = ((exponent * Ln2Low) + (2 * s * series)) + (exponent * Ln2High);

        // A NaN has no meaningful exponent, so it is passed through.
        return Vector512.ConditionalSelect(Vector512.Equals(y, y), result, y);
    }

    private static double AddLanes(Vector512<double> lanes)
    {
        Span<double> sums = stackalloc double[Lanes];
        lanes.CopyTo(sums);
        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
                sums[lane] += sums[lane + half];
        }

        return sums[0];
    }
}
