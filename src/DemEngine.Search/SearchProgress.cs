using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>Progress of a search.</summary>
/// <param name="Phase">Name of the current phase, such as <c>searching</c>.</param>
/// <param name="Done">Number of trials so far in this phase.</param>
/// <param name="Total">Maximum number of trials in this phase; null if that is not known.</param>
/// <param name="Seconds">Time since this phase began, in seconds.</param>
/// <param name="Latest">Most recent trial.</param>
/// <param name="WasKnown">Whether an earlier run had evaluated the most recent trial.</param>
/// <param name="Best">Best trial so far; null if none succeeded, or outside the search itself.</param>
public readonly record struct SearchProgress(
    string Phase,
    int Done,
    long? Total,
    double Seconds,
    Trial Latest,
    bool WasKnown,
    Trial? Best);
