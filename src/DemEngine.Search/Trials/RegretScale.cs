namespace DemEngine.Search.Trials;

/// <summary>
/// The metric on one set as a regret, (value − own)/(base − own): 0 for the best of the sources alone, with the coefficient 1,
/// and 1 for the base. Where no source is better than the base by a tenth of its value, that tenth takes the place of the
/// difference, so that a set with nothing to learn does not count without bounds.
/// </summary>
/// <param name="Own">Metric of the best of the sources alone; that of the base if none is better.</param>
/// <param name="Difference">What the base's metric is more by; negative where more is better.</param>
public sealed record RegretScale(double Own, double Difference)
{
    private const double LeastShare = 0.1;

    /// <summary>Makes the scale of a set.</summary>
    /// <param name="ofBase">Metric of the base.</param>
    /// <param name="alone">Metrics of each source alone.</param>
    /// <param name="higherIsBetter">Whether a larger value of the metric is better.</param>
    public static RegretScale Of(double ofBase, IEnumerable<double> alone, bool higherIsBetter)
    {
        double own = higherIsBetter ? alone.Append(ofBase).Max() : alone.Append(ofBase).Min();
        double least = Math.Max(LeastShare * Math.Abs(ofBase), double.Epsilon);
        return new RegretScale(own, higherIsBetter ? Math.Min(ofBase - own, -least) : Math.Max(ofBase - own, least));
    }

    /// <summary>Regret of a value.</summary>
    public double Of(double value) => (value - Own) / Difference;
}
