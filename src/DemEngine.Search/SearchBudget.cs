namespace DemEngine.Search;

/// <summary>When a search ends at the latest.</summary>
/// <param name="Trials">
/// Most points that the strategy may ask for, those that an earlier run evaluated included, so that a resumed search ends where an
/// uninterrupted one would; null for no bound.
/// </param>
/// <param name="Time">Longest time of this run; no trial begins after it. Null for no bound.</param>
public sealed record SearchBudget(int? Trials, TimeSpan? Time);
