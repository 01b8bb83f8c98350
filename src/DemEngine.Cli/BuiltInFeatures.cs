using System.Reflection;

namespace DemEngine.Cli;

/// <summary>One optional package: the feature it serves, and whether this build has it or something in its place.</summary>
/// <param name="Name">What the package is for, such as "GPU kernels".</param>
/// <param name="Provider">The package and its version.</param>
/// <param name="State">"restored", or "left out" and what replaces it, if anything does.</param>
internal sealed record BuiltInFeature(string Name, string Provider, string State)
{
    /// <summary>False only where the package is left out and nothing replaces it.</summary>
    public bool IsBuiltIn => State != "left out";

    /// <summary>The line that <c>dem --version</c> prints.</summary>
    public override string ToString() => $"{Provider} ({Name}): {State}";
}

/// <summary>What the build found on the package sources, as tools/OptionalPackages.targets wrote it into this assembly.</summary>
internal static class BuiltInFeatures
{
    /// <summary>Every optional package, in the order of Directory.Packages.props.</summary>
    public static IReadOnlyList<BuiltInFeature> All { get; } = Read();

    private static List<BuiltInFeature> Read()
    {
        const string prefix = "OptionalPackage:";
        return [.. from data in typeof(BuiltInFeatures).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                   where data.Key.StartsWith(prefix, StringComparison.Ordinal)
                   let value = data.Value!.Split('|')
                   select new BuiltInFeature(value[0], data.Key[prefix.Length..], value[1])];
    }
}
