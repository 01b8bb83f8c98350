using System.Collections.Immutable;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>The metric's value on one validation set.</summary>
/// <param name="Set">Name of the set.</param>
/// <param name="Value">Value of the metric, which is finite.</param>
public sealed record SetScore(string Set, double Value);

/// <summary>The trial of one candidate.</summary>
/// <param name="Coefficients">Coefficients that the candidate was merged with.</param>
/// <param name="Scores">Scores set by set; empty if the trial failed.</param>
/// <param name="Objective">Objective computed from the scores; NaN if the trial failed.</param>
/// <param name="Seconds">Duration of the trial in seconds, merging included.</param>
/// <param name="MergeSeconds">Part of <paramref name="Seconds"/> that was spent merging.</param>
/// <param name="Error">Error message of a failed trial; null if it succeeded.</param>
public sealed record Trial(
    Coefficients Coefficients,
    ImmutableArray<SetScore> Scores,
    double Objective,
    double Seconds,
    double MergeSeconds,
    string? Error)
{
    /// <summary>
    /// Number of the trial in its log, in the order in which the trials were asked for, from 1; 0 if it is in no log.
    /// </summary>
    public int Number { get; init; }

    /// <summary>
    /// Whether a larger value of the metric is better, where an external program said so; null if that is known otherwise.
    /// </summary>
    public bool? HigherIsBetter { get; init; }

    /// <summary>Derivatives of the metric on each set; empty if they were not computed.</summary>
    public ImmutableArray<SetSlopes> Slopes { get; init; } = [];

    /// <summary>Whether the trial succeeded and has scores.</summary>
    public bool Succeeded => Error is null;

    /// <summary>The metric's value on a set; NaN if it was not measured.</summary>
    public double this[string set] => Scores.FirstOrDefault(score => score.Set == set)?.Value ?? double.NaN;
}
