namespace DemEngine.Cli.Checks;

/// <summary>How a part of the machine is.</summary>
internal enum Health
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Not there, which merging does not need.</summary>
    None,

    /// <summary>Something that may be in the way.</summary>
    Warn,

    /// <summary>Something with which commands fail.</summary>
    Fail,
}

/// <summary>What was found of a part of the machine.</summary>
/// <param name="Subject">The part.</param>
/// <param name="Health">How it is.</param>
/// <param name="Text">What was found.</param>
/// <param name="Remedy">What to do about it; null for nothing.</param>
internal sealed record Finding(string Subject, Health Health, string Text, string? Remedy = null);
