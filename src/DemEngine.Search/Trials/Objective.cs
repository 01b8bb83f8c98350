using DemEngine.Errors;
using DemEngine.Evaluation;

namespace DemEngine.Search.Trials;

/// <summary>The objective of a search: one number that is computed from a metric's values on all validation sets.</summary>
public sealed class Objective
{
    private readonly IReadOnlyDictionary<string, double> _weights;

    /// <summary>Makes an objective.</summary>
    /// <param name="kind">Function that combines the values.</param>
    /// <param name="metric">Metric of the values, which says whether a larger value is better.</param>
    /// <param name="weights">
    /// Weight of each set by name, for <see cref="ObjectiveKind.Weighted"/>; a set that is not named has weight 1.
    /// </param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): a weight is negative or not finite, or weights are given for another kind.
    /// </exception>
    public Objective(ObjectiveKind kind, Metric metric, IReadOnlyDictionary<string, double>? weights = null)
    {
        Kind = kind;
        Metric = metric;
        _weights = weights ?? new Dictionary<string, double>();
        if (_weights.Count > 0 && kind != ObjectiveKind.Weighted)
            throw new DemException(
                ErrorCode.BadArgument, "weights of sets are given, but the objective is not the weighted mean");
        if (_weights.FirstOrDefault(pair => !(pair.Value >= 0) || !double.IsFinite(pair.Value)) is { Key: { } set })
            throw new DemException(
                ErrorCode.BadArgument, $"the weight of the set {Quoted.Name(set)} is not a number from 0");
    }

    /// <summary>Function that combines the values.</summary>
    public ObjectiveKind Kind { get; }

    /// <summary>Metric of the values.</summary>
    public Metric Metric { get; }

    /// <summary>Weights of sets by name.</summary>
    internal IReadOnlyDictionary<string, double> Weights => _weights;

    /// <summary>Returns this objective for the same metric of a known direction.</summary>
    internal Objective InDirection(bool higherIsBetter) =>
        new(Kind, Metric with { HigherIsBetter = higherIsBetter, DirectionIsAssumed = false }, _weights);

    /// <summary>Computes the objective of a candidate, in the metric's unit; NaN if any value is NaN.</summary>
    /// <param name="scores">Scores on the validation sets, at least one.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): every set has weight 0, or a weight is given for an unknown set.
    /// </exception>
    public double Of(IReadOnlyList<SetScore> scores)
    {
        if (scores.Any(score => double.IsNaN(score.Value)))
            return double.NaN;
        return Kind switch
        {
            ObjectiveKind.Mean => scores.Average(score => score.Value),
            ObjectiveKind.Worst => Metric.HigherIsBetter ? scores.Min(score => score.Value) : scores.Max(score => score.Value),
            _ => WeightedMean(scores),
        };
    }

    /// <summary>Converts an objective to a cost, of which lower is better; +∞ for NaN.</summary>
    public double Cost(double objective) =>
        double.IsNaN(objective) ? double.PositiveInfinity : Metric.HigherIsBetter ? -objective : objective;

    private double WeightedMean(IReadOnlyList<SetScore> scores)
    {
        string[] unknown = [.. _weights.Keys.Except(scores.Select(score => score.Set))];
        if (unknown.Length > 0)
            throw new DemException(
                ErrorCode.BadArgument,
                $"a weight is given for {Quoted.List(unknown)}; "
                + $"the validation sets are {Quoted.List([.. scores.Select(score => score.Set)])}");

        double sum = 0, weights = 0;
        foreach (SetScore score in scores)
        {
            double weight = _weights.GetValueOrDefault(score.Set, 1);
            sum += weight == 0 ? 0 : weight * score.Value;
            weights += weight;
        }

        return weights > 0
            ? sum / weights
            : throw new DemException(ErrorCode.BadArgument, "every validation set has the weight 0");
    }
}
