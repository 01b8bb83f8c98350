using System.Collections.Immutable;

namespace DemEngine.Evaluation;

/// <summary>The value of one metric for a model on one data set.</summary>
/// <param name="Set">Name of the data set.</param>
/// <param name="Metric">Metric that was computed.</param>
/// <param name="Value">Value of the metric; NaN or an infinity where the model's own numbers are not finite.</param>
/// <param name="Count">
/// Number of items that the value is a mean over: target tokens for loss and perplexity, examples or questions otherwise; 0 if
/// that is not known.
/// </param>
public sealed record Score(string Set, Metric Metric, double Value, long Count)
{
    /// <summary>Standard error of the value, where an external command said it; null otherwise.</summary>
    public double? StandardError { get; init; }
}

/// <summary>The result of evaluating one model.</summary>
/// <param name="Scores">Scores set by set and metric by metric, in the evaluator's order.</param>
/// <param name="Tokens">Number of sequence positions that passed through the model; 0 if that is not known.</param>
/// <param name="Seconds">Duration of the evaluation in seconds.</param>
public sealed record ModelScores(ImmutableArray<Score> Scores, long Tokens, double Seconds)
{
    /// <summary>The value of a metric on a set.</summary>
    /// <exception cref="KeyNotFoundException">The metric was not computed on the set.</exception>
    public double this[string set, Metric metric] =>
        Scores.FirstOrDefault(score => score.Set == set && score.Metric.Name == metric.Name)?.Value
        ?? throw new KeyNotFoundException($"{metric} was not measured on {set}");
}
