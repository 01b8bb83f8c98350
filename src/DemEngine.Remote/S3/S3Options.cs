namespace DemEngine.Remote.S3;

/// <summary>What an S3 store takes from its surroundings.</summary>
public sealed record S3Options
{
    /// <summary>
    /// Environment variables by name: <c>AWS_ENDPOINT_URL_S3</c>, <c>AWS_ENDPOINT_URL</c>, <c>AWS_REGION</c>,
    /// <c>AWS_DEFAULT_REGION</c> and <c>DEM_S3_ANONYMOUS</c>. The process's own by default. Credentials are found by Amazon's
    /// library, which reads the process's environment and files.
    /// </summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Access key and secret key; null to let Amazon's library look for credentials.</summary>
    public (string Access, string Secret)? Keys { get; init; }

    /// <summary>Value of a variable; null where it is not set, or empty.</summary>
    internal string? Variable(string name) => Environment(name) is { Length: > 0 } value ? value : null;
}
