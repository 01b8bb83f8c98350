using DemEngine.Errors;
using DemEngine.Evaluation;

namespace DemEngine.Search.Trials;

/// <summary>What is to be made as good as can be: one number of a metric's values on all validation sets.</summary>
public sealed class Objective
{
    private readonly IReadOnlyDictionary<string, double> _weights;

    /// <summary>Makes an objective.</summary>
    /// <param name="kind">How the values become one.</param>
    /// <param name="metric">What the values are; says whether more is better.</param>
    /// <param name="weights">For <see cref="ObjectiveKind.Weighted"/>: by set; a set that is not named counts 1.</param>
    /// <exception cref="DemException">DEM1001: a weight is negative, none is positive, or weights are given for another kind.</exception>
    public Objective(ObjectiveKind kind, Metric metric, IReadOnlyDictionary<string, double>? weights = null)
    {
        Kind = kind;
        Metric = metric;
        _weights = weights ?? new Dictionary<string, double>();
        if (_weights.Count > 0 && kind != ObjectiveKind.Weighted)
            throw new DemException(ErrorCode.BadArgument, "weights of sets are given, but the objective is not the weighted mean");
        if (_weights.FirstOrDefault(pair => !(pair.Value >= 0) || !double.IsFinite(pair.Value)) is { Key: { } set })
            throw new DemException(ErrorCode.BadArgument, $"the weight of the set {Quoted.Name(set)} is not a number from 0");
    }

    /// <summary>How the values become one.</summary>
    public ObjectiveKind Kind { get; }

    /// <summary>What the values are.</summary>
    public Metric Metric { get; }

    /// <summary>The objective of a candidate, in the metric's unit; NaN if a value is.</summary>
    /// <param name="scores">At least one.</param>
    /// <exception cref="DemException">DEM1001: every set has the weight 0, or a weight is given for a set that there is not.</exception>
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

    /// <summary>The same as something to be made small; +∞ for NaN.</summary>
    public double Cost(double objective) => double.IsNaN(objective) ? double.PositiveInfinity : Metric.HigherIsBetter ? -objective : objective;

    private double WeightedMean(IReadOnlyList<SetScore> scores)
    {
        string[] unknown = [.. _weights.Keys.Except(scores.Select(score => score.Set))];
        if (unknown.Length > 0)
            throw new DemException(ErrorCode.BadArgument, $"a weight is given for {Quoted.List(unknown)}; the validation sets are {Quoted.List([.. scores.Select(score => score.Set)])}");

        double sum = 0, weights = 0;
        foreach (SetScore score in scores)
        {
            double weight = _weights.GetValueOrDefault(score.Set, 1);
            sum += weight == 0 ? 0 : weight * score.Value;
            weights += weight;
        }

        return weights > 0 ? sum / weights : throw new DemException(ErrorCode.BadArgument, "every validation set has the weight 0");
    }
}
