using System.Collections.Immutable;
using DemEngine.Evaluation;

namespace DemEngine.Search;

/// <summary>What is told of a trial that was evaluated elsewhere.</summary>
/// <param name="Scores">Values of the metric, one for each set; empty if the trial failed.</param>
/// <param name="Error">Why the trial failed; null if it succeeded.</param>
public sealed record TrialResult(ImmutableArray<Score> Scores, string? Error);
