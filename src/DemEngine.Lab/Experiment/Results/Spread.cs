namespace DemEngine.Lab.Experiment.Results;

/// <summary>Mean and standard deviation of several runs.</summary>
/// <param name="Mean">Arithmetic mean.</param>
/// <param name="Deviation">Sample standard deviation, with the divisor n − 1; NaN for a single run.</param>
public readonly record struct Spread(double Mean, double Deviation)
{
    /// <summary>Computes the mean and the deviation of some values.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double mean = all.Average();
        return new Spread(
            mean,
            all.Length > 1 ? Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1)) : double.NaN);
    }
}
