using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Evaluation;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>The objective of a search: one number that is computed from a metric's values on all validation sets.</summary>
public sealed class Objective
{
    private readonly IReadOnlyDictionary<string, double> _weights;

    /// <summary>Makes an objective.</summary>
    /// <param name="kind">Function that combines the values.</param>
    /// <param name="metric">Metric of the values, which says whether a larger value is better.</param>
    /// <param name="weights">
    /// Weight of each set by name, for <see cref="ObjectiveKind.Weighted"/> and <see cref="ObjectiveKind.Regret"/>; a set that is
    /// not named has weight 1.
    /// </param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): a weight is negative or not finite, or weights are given for another kind.
    /// </exception>
    public Objective(ObjectiveKind kind, Metric metric, IReadOnlyDictionary<string, double>? weights = null)
    {
        Kind = kind;
        Metric = metric;
        _weights = weights ?? new Dictionary<string, double>();
        if (_weights.Count > 0 && kind is not (ObjectiveKind.Weighted or ObjectiveKind.Regret))
            throw new DemException(
                ErrorCode.BadArgument,
                "weights of sets are given, but the objective is neither the weighted mean nor the regret");
        if (_weights.FirstOrDefault(pair => !(pair.Value >= 0) || !double.IsFinite(pair.Value)) is { Key: { } set })
            throw new DemException(
                ErrorCode.BadArgument, $"the weight of the set {Quoted.Name(set)} is not a number from 0");
    }

    /// <summary>Function that combines the values.</summary>
    public ObjectiveKind Kind { get; }

    /// <summary>Name of the function, such as <c>mean</c> or <c>worst-regret</c>.</summary>
    public string Name => Kind == ObjectiveKind.WorstRegret ? "worst-regret" : Kind.ToString().ToLowerInvariant();

    /// <summary>Metric of the values.</summary>
    public Metric Metric { get; }

    /// <summary>
    /// Scales of the sets' regrets by name; empty until the base and the sources are evaluated. Until then the objective is the
    /// mean of the values.
    /// </summary>
    public IReadOnlyDictionary<string, RegretScale> Scales { get; private init; } = new Dictionary<string, RegretScale>();

    /// <summary>Whether the objective needs <see cref="Scales"/>.</summary>
    internal bool IsRegret => Kind is ObjectiveKind.Regret or ObjectiveKind.WorstRegret;

    /// <summary>Whether a larger objective is better. Less regret is better, whatever the metric.</summary>
    internal bool HigherIsBetter => Metric.HigherIsBetter && !(IsRegret && Scales.Count > 0);

    /// <summary>Weights of sets by name.</summary>
    internal IReadOnlyDictionary<string, double> Weights => _weights;

    /// <summary>Returns this objective for the same metric of a known direction.</summary>
    internal Objective InDirection(bool higherIsBetter) =>
        new(Kind, Metric with { HigherIsBetter = higherIsBetter, DirectionIsAssumed = false }, _weights) { Scales = Scales };

    /// <summary>Returns this objective with the scales of its regrets.</summary>
    /// <param name="ofBase">Scores of the base.</param>
    /// <param name="alone">Scores of each source alone.</param>
    internal Objective WithScales(IReadOnlyList<SetScore> ofBase, IReadOnlyList<Trial> alone) => new(Kind, Metric, _weights)
    {
        Scales = ofBase.ToDictionary(
            score => score.Set,
            score => RegretScale.Of(
                score.Value,
                alone.Where(trial => trial.Succeeded).Select(trial => trial[score.Set]),
                Metric.HigherIsBetter)),
    };

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
            _ when IsRegret && Scales.Count == 0 => scores.Average(score => score.Value),
            ObjectiveKind.Regret => WeightedMean([.. scores.Select(score => score with { Value = Regret(score) })]),
            ObjectiveKind.WorstRegret => scores.Max(Regret),
            ObjectiveKind.Worst => Metric.HigherIsBetter ? scores.Min(score => score.Value) : scores.Max(score => score.Value),
            _ => WeightedMean(scores),
        };
    }

    /// <summary>
    /// Differentiates the objective: its derivatives by the coefficients of each source, one for each layer group. Of the worst
    /// value they are those of the set that has it.
    /// </summary>
    /// <param name="scores">Scores on the validation sets.</param>
    /// <param name="slopes">Derivatives of the scores, in the same order of sets.</param>
    internal ImmutableArray<ImmutableArray<double>> SlopesOf(
        IReadOnlyList<SetScore> scores, ImmutableArray<SetSlopes> slopes)
    {
        double[] shares = SharesOf(scores);
        return
        [
            .. slopes[0].BySource.Select((groups, source) => groups
                .Select((_, group) => slopes.Select((set, k) => shares[k] * set.BySource[source][group]).Sum())
                .ToImmutableArray()),
        ];
    }

    /// <summary>Converts an objective to a cost, of which lower is better; +∞ for NaN.</summary>
    public double Cost(double objective) =>
        double.IsNaN(objective) ? double.PositiveInfinity : HigherIsBetter ? -objective : objective;

    private double Regret(SetScore score) => Scales[score.Set].Of(score.Value);

    /// <summary>Derivatives of the objective by the score on each set.</summary>
    private double[] SharesOf(IReadOnlyList<SetScore> scores)
    {
        double[] values = [.. scores.Select(score => score.Value)];
        if (Kind == ObjectiveKind.Mean || (IsRegret && Scales.Count == 0))
            return [.. values.Select(_ => 1.0 / values.Length)];
        if (IsRegret)
        {
            double[] regrets = [.. scores.Select(Regret)];
            int largest = Array.IndexOf(regrets, regrets.Max());
            double[] shares = Kind == ObjectiveKind.Regret
                ? SharesByWeight(scores)
                : [.. regrets.Select((_, k) => k == largest ? 1.0 : 0)];
            return [.. scores.Select((score, k) => shares[k] / Scales[score.Set].Difference)];
        }

        if (Kind == ObjectiveKind.Worst)
        {
            int worst = Array.IndexOf(values, Metric.HigherIsBetter ? values.Min() : values.Max());
            return [.. values.Select((_, k) => k == worst ? 1.0 : 0)];
        }

        return SharesByWeight(scores);
    }

    private double[] SharesByWeight(IReadOnlyList<SetScore> scores)
    {
        double[] weights = [.. scores.Select(score => _weights.GetValueOrDefault(score.Set, 1))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }

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
