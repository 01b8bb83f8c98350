namespace DemEngine.Stores;

/// <summary>How long a store is waited for, and how often it is asked again. The results do not depend on it.</summary>
public sealed record StoreLimits
{
    /// <summary>Number of times that a request is made, the first one included.</summary>
    public int Attempts { get; init; } = 7;

    /// <summary>Time before the second attempt; it doubles with each further one, and a random part of it is left out.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest time before an attempt, also where the store asks for a longer one.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time without a single byte after which a request is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Rate in bytes a second below which an answer is given up; it is looked at once <see cref="StallTimeout"/> has passed.
    /// </summary>
    public long SlowestRate { get; init; } = 16 << 10;
}
