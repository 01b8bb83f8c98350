namespace DemEngine.Lab.Experiment.Results;

/// <summary>Mean of several runs, and how far they lie apart.</summary>
/// <param name="Mean">Arithmetic.</param>
/// <param name="Deviation">Sample standard deviation, with n − 1; NaN of one run.</param>
public readonly record struct Spread(double Mean, double Deviation)
{
    /// <summary>Of some values.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double mean = all.Average();
        return new Spread(mean, all.Length > 1 ? Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1)) : double.NaN);
    }
}
