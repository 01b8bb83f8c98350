namespace DemEngine.Cli.Setup;

/// <summary>SHA-512 hashes of packages at the time of their publication, in base64, which is how NuGet writes them.</summary>
internal static class KnownHashes
{
    private static readonly Dictionary<string, string> Sha512 = new(StringComparer.OrdinalIgnoreCase)
    {
        ["libtorch-cpu-linux-x64 2.10.0"] =
            "XjuaFwqqvwstyeUWyz/xtfhODesmagoPKO7T0VRmiW+r0pJwsXB/vHydA7it9xge36PSXW1qLyRRzvM3J8i9UA==",
        ["libtorch-cpu-osx-arm64 2.10.0"] =
            "njbW4NbjnO3UYsZymJA5EA8kvFQZveW2rVS07QinYOxxgs6hyZFTI82zBDt0ix1yRRCZ+v+fm+pHXG37WKjyhA==",
        ["libtorch-cpu-win-arm64 2.10.0"] =
            "7NCaiSTge6axhCnH5Im+1ZNSkiuA+zuYe6ZPYph9MmXS4QozEEHUcualKvMVlygxhaZOR6N3nCYqm3Ibxq5+JA==",
        ["libtorch-cpu-win-x64 2.10.0"] =
            "qvrEe8b8U1SPnsqShWgJ9gE/UfzFiq+QRPJdAegxwtEBgL/jZPQPvKAhqYkpEe5kb6AXCi840KDqvDaHQuAqEA==",
    };

    /// <summary>Gets the known hash of a package.</summary>
    /// <returns>The hash in base64; null if the package is not in this list.</returns>
    public static string? Of(string id, string version) => Sha512.GetValueOrDefault($"{id} {version}");
}
