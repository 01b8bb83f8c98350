using System.Collections.Immutable;

namespace DemEngine.Evaluation;

/// <summary>What one metric says of a model on one set.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Value">The number; NaN or an infinity where the model's own numbers are not finite.</param>
/// <param name="Count">What it is a mean over: target tokens for loss and perplexity, examples or questions otherwise; 0 if that is not known.</param>
public sealed record Score(string Set, Metric Metric, double Value, long Count);

/// <summary>What an evaluator found of a model.</summary>
/// <param name="Scores">Set by set, metric by metric, in the evaluator's order.</param>
/// <param name="Tokens">Positions of sequences that passed through the model; 0 if that is not known.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record ModelScores(ImmutableArray<Score> Scores, long Tokens, double Seconds)
{
    /// <summary>The value of a metric on a set.</summary>
    /// <exception cref="KeyNotFoundException">It was not measured.</exception>
    public double this[string set, Metric metric] =>
        Scores.FirstOrDefault(score => score.Set == set && score.Metric.Name == metric.Name)?.Value
        ?? throw new KeyNotFoundException($"{metric} was not measured on {set}");
}
