namespace DemEngine.Search;

/// <summary>Limits after which a search ends.</summary>
/// <param name="Trials">
/// Maximum number of points that the strategy may ask for, including those that an earlier run evaluated, so that a resumed
/// search ends where an uninterrupted one would; null for no limit.
/// </param>
/// <param name="Time">Maximum duration of this run, after which no trial begins; null for no limit.</param>
public sealed record SearchBudget(int? Trials, TimeSpan? Time);
