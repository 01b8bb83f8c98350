using System.Globalization;
using System.Numerics;

namespace DemEngine.Methods;

/// <summary>
/// Weights with which sources vote on a sign. Only their ratios matter, so short decimals are scaled to whole numbers, which
/// binary32 holds exactly. A sum such as 0.6·1 − 0.3·2 is then 0, as it is in the decimals of the recipe, and not what is left of
/// their rounding.
/// </summary>
internal static class VoteWeights
{
    // Whole numbers up to here are exact in binary32.
    private static readonly BigInteger LargestExact = 1 << 24;

    /// <summary>
    /// Returns the smallest whole numbers in the ratio of the weights as they are written in decimal; the weights themselves,
    /// rounded to binary32, where one of the whole numbers would not be exact.
    /// </summary>
    /// <param name="weights">Finite weights, one for each source.</param>
    public static float[] Of(ReadOnlySpan<double> weights)
    {
        float[] rounded = [.. weights.ToArray().Select(weight => (float)weight)];
        BigInteger[] whole = new BigInteger[weights.Length];
        int[] scales = new int[weights.Length];
        for (int k = 0; k < weights.Length; k++)
        {
            if (Written(weights[k]) is not var (digits, scale))
                return rounded;
            (whole[k], scales[k]) = (digits, scale);
        }

        int common = scales.Max();
        BigInteger divisor = BigInteger.Zero;
        for (int k = 0; k < whole.Length; k++)
        {
            whole[k] *= BigInteger.Pow(10, common - scales[k]);
            divisor = BigInteger.GreatestCommonDivisor(divisor, whole[k]);
        }

        if (divisor.IsZero || whole.Any(number => BigInteger.Abs(number / divisor) > LargestExact))
            return rounded;
        return [.. whole.Select(number => (float)(number / divisor))];
    }

    /// <summary>
    /// Returns the shortest decimal that reads as the value, as digits / 10^scale; null where it needs more than 28 places.
    /// </summary>
    private static (BigInteger Digits, int Scale)? Written(double value)
    {
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (!decimal.TryParse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal written)
            || (double)written != value)
        {
            return null;
        }

        // A decimal's first three words are its digits without the point.
        Span<int> words = stackalloc int[4];
        decimal.GetBits(written, words);
        BigInteger digits = ((BigInteger)(uint)words[2] << 64) | ((BigInteger)(uint)words[1] << 32) | (uint)words[0];
        return (written < 0 ? -digits : digits, written.Scale);
    }
}
