namespace DemEngine.Lab.Charts;

/// <summary>Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten.</summary>
internal static class RoundNumbers
{
    // A length that exceeds a round step only by a rounding error counts as that step.
    private const double Tolerance = 1e-9;

    /// <summary>Finds the smallest 1, 2 or 5 times a power of ten that is not less than a length.</summary>
    /// <param name="least">Length, greater than 0.</param>
    public static double Step(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        return new[] { 1.0, 2, 5, 10 }.First(factor => factor * power >= least * (1 - Tolerance)) * power;
    }

    /// <summary>Lists the round numbers within a range, about as many as requested.</summary>
    public static IEnumerable<double> Between(double low, double high, int about)
    {
        if (!(high > low))
            return [low];
        double step = Step((high - low) / about);
        long first = (long)Math.Ceiling((low / step) - Tolerance);
        long last = (long)Math.Floor((high / step) + Tolerance);
        return Enumerable.Range(0, (int)(last - first + 1)).Select(k => Math.Round((first + k) * step, 12));
    }
}
