namespace DemEngine.Search.Reports;

/// <summary>Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten.</summary>
internal static class Ticks
{
    /// <summary>The round numbers within a range, about as many as asked for.</summary>
    public static IEnumerable<double> Between(double low, double high, int about)
    {
        if (!(high > low))
            return [low];
        double rough = (high - low) / about;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = new[] { 1.0, 2, 5, 10 }.First(factor => factor * power >= rough * (1 - 1e-9)) * power;
        long first = (long)Math.Ceiling((low / step) - 1e-9);
        long last = (long)Math.Floor((high / step) + 1e-9);
        return Enumerable.Range(0, (int)(last - first + 1)).Select(k => Math.Round((first + k) * step, 12));
    }
}
