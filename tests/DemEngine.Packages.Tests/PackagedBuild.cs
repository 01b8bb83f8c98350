using DemEngine.Tests;

namespace DemEngine.Packages.Tests;

/// <summary>
/// All packages, made from this repository as for publishing, the tool installed from them, and small models made by the tool.
/// DEM_TESTS_PACKAGES names a folder of packages that are made already.
/// </summary>
[SetUpFixture]
public sealed class PackagedBuild
{
    private static TempFolder? _folder;

    /// <summary>Everything lies below it: <c>packages</c>, <c>tools</c>, <c>work</c> with the models.</summary>
    internal static string Folder => _folder!.Path;

    internal static string PackagesFolder => Made ?? Path.Combine(Folder, "packages");

    private static string? Made { get; } = Environment.GetEnvironmentVariable("DEM_TESTS_PACKAGES");

    internal static string WorkFolder => Path.Combine(Folder, "work");

    internal static string[] Packages => Directory.GetFiles(PackagesFolder, "*.nupkg");

    /// <summary>The version that all packages have.</summary>
    internal static string Version => Path.GetFileNameWithoutExtension(Directory.GetFiles(PackagesFolder, "DemEngine.Cli.*.nupkg").Single())["DemEngine.Cli.".Length..];

    [OneTimeSetUp]
    public void Pack()
    {
        _folder = new TempFolder();
        Directory.CreateDirectory(WorkFolder);
        if (Made is null)
            DotNet.Run(
                DotNet.Repository, "pack", "DemEngine.sln", "-c", "Release", "--artifacts-path", Path.Combine(Folder, "artifacts"), "-o", PackagesFolder, "-p:ContinuousIntegrationBuild=true",
                "-p:RunAnalyzers=false", "-nodeReuse:false");
        WriteConfiguration();
        DotNet.Run(WorkFolder, "tool", "install", "DemEngine.Cli", "--tool-path", Path.Combine(Folder, "tools"), "--version", Version, "--add-source", PackagesFolder);

        Dem(0, "synth", "--shape", "tiny", "--seed", "1", "--out", "models/base", "-q");
        Dem(0, "synth", "--tuned-from", "models/base", "--seed", "2", "--out", "models/tuned-on-mathematics", "-q");
        Dem(0, "synth", "--tuned-from", "models/base", "--seed", "3", "--out", "models/tuned-on-dialogue", "-q");
        string examples = string.Concat(Enumerable.Range(1, 20).Select(i => $"{{\"tokens\": [{i}, {i + 1}, {i + 2}, {i + 3}]}}\n"));
        foreach (string file in new[] { "data.jsonl", "valid.jsonl" })
            File.WriteAllText(Path.Combine(WorkFolder, file), examples);
    }

    [OneTimeTearDown]
    public void Delete() => _folder?.Dispose();

    /// <summary>Runs the installed tool among the models.</summary>
    internal static string Dem(int exitCode, params string[] args) =>
        DotNet.Start(Path.Combine(Folder, "tools", OperatingSystem.IsWindows() ? "dem.exe" : "dem"), WorkFolder, exitCode, args);

    /// <summary>Our packages come from the folder and go into a folder of the test's own; those of others are where the user has them.</summary>
    private static void WriteConfiguration() => File.WriteAllText(
        Path.Combine(WorkFolder, "nuget.config"),
        $"""
        <configuration>
          <config><add key="globalPackagesFolder" value="{Path.Combine(Folder, "restored")}" /></config>
          <packageSources><add key="packed" value="{PackagesFolder}" /></packageSources>
          <fallbackPackageFolders>{(Directory.Exists(DotNet.UserPackages) ? $"""<add key="user" value="{DotNet.UserPackages}" />""" : "")}</fallbackPackageFolders>
        </configuration>
        """);
}
