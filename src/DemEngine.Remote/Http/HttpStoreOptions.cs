namespace DemEngine.Remote.Http;

/// <summary>What a web store takes from its surroundings.</summary>
public sealed record HttpStoreOptions
{
    /// <summary>
    /// Environment variables by name: <c>HF_ENDPOINT</c>, <c>HF_TOKEN</c>, <c>HF_TOKEN_PATH</c>, <c>HF_HOME</c>,
    /// <c>XDG_CACHE_HOME</c>, <c>HF_HUB_DISABLE_IMPLICIT_TOKEN</c> and <c>DEM_ALLOW_HTTP</c>. The process's own by default.
    /// </summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Value of a variable; null where it is not set, or empty.</summary>
    internal string? Variable(string name) => Environment(name) is { Length: > 0 } value ? value : null;

    /// <summary>Whether a variable is set to yes, as Hugging Face's libraries read it.</summary>
    internal bool IsSet(string name) => Variable(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";
}
