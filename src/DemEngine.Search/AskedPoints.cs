namespace DemEngine.Search;

/// <summary>Which trials a search is asked for.</summary>
public sealed record AskedPoints
{
    /// <summary>Number of trials, which the strategy chooses.</summary>
    public int Count { get; init; } = 1;

    /// <summary>
    /// Coefficients of the only trial, by the names of the sources, chosen by the caller; null where the strategy chooses.
    /// </summary>
    public IReadOnlyDictionary<string, double>? Given { get; init; }

    /// <summary>Whether the trials are those that were handed out before and not told yet.</summary>
    public bool OutstandingOnly { get; init; }

    /// <summary>
    /// How long the trials belong to the caller. Those whose lease has run out and that were not told come first, so that none is
    /// lost with a worker that died; null for trials that belong to the caller for ever. Times are those of the machines' clocks.
    /// </summary>
    public TimeSpan? Lease { get; init; }
}
