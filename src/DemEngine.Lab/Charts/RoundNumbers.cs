namespace DemEngine.Lab.Charts;

/// <summary>Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten.</summary>
internal static class RoundNumbers
{
    // What is above a round step by no more than arithmetic's errors is that step.
    private const double Tolerance = 1e-9;

    /// <summary>The least 1, 2 or 5 times a power of ten that is no less than a length.</summary>
    /// <param name="least">The length, above 0.</param>
    public static double Step(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        return new[] { 1.0, 2, 5, 10 }.First(factor => factor * power >= least * (1 - Tolerance)) * power;
    }

    /// <summary>The round numbers within a range, about as many as asked for.</summary>
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
