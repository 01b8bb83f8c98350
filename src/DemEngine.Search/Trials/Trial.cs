using System.Collections.Immutable;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>The metric on one validation set.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Value">Finite.</param>
public sealed record SetScore(string Set, double Value);

/// <summary>One candidate that was tried.</summary>
/// <param name="Coefficients">What it was merged with.</param>
/// <param name="Scores">Set by set; empty if the trial failed.</param>
/// <param name="Objective">What is made of them; NaN if the trial failed.</param>
/// <param name="Seconds">How long it took, merging included.</param>
/// <param name="MergeSeconds">How much of that was merging.</param>
/// <param name="Error">Why it failed; null if it did not.</param>
public sealed record Trial(
    Coefficients Coefficients, ImmutableArray<SetScore> Scores, double Objective, double Seconds, double MergeSeconds, string? Error)
{
    /// <summary>Whether there are scores.</summary>
    public bool Succeeded => Error is null;

    /// <summary>The metric on a set; NaN if it was not measured.</summary>
    public double this[string set] => Scores.FirstOrDefault(score => score.Set == set)?.Value ?? double.NaN;
}
