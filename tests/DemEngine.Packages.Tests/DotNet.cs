using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace DemEngine.Packages.Tests;

/// <summary>Runs programs as a user would, and gives what they print.</summary>
internal static class DotNet
{
    private static readonly string[] Inherited = ["MSBUILD", "VSTEST", "DOTNET_CLI", "NUGET_", "CI"];

    /// <summary>The folder of the repository.</summary>
    public static string Repository { get; } = Metadata("RepositoryFolder");

    /// <summary>The user's folder of packages, from which those of others are taken.</summary>
    public static string UserPackages { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static string Host => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    public static string Metadata(string key) =>
        typeof(DotNet).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == key).Value!;

    /// <summary>Runs <c>dotnet</c>, which must succeed without a warning.</summary>
    public static string Run(string folder, params string[] args)
    {
        string output = Start(Host, folder, 0, args);
        Assert.That(output, Does.Not.Contain("warning"));
        return output;
    }

    /// <summary>Runs a program.</summary>
    /// <param name="program">Its file.</param>
    /// <param name="folder">Where.</param>
    /// <param name="exitCode">What it must answer.</param>
    /// <param name="args">Its arguments.</param>
    /// <returns>Standard output and errors.</returns>
    public static string Start(string program, string folder, int exitCode, params string[] args)
    {
        var start = new ProcessStartInfo(program) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string arg in args)
            start.ArgumentList.Add(arg);

        // The test run is itself a child of MSBuild, whose settings are not meant for this one.
        foreach (string name in start.Environment.Keys.Where(key => Inherited.Any(prefix => key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))).ToList())
            start.Environment.Remove(name);
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(Environment.ProcessPath!);
        start.Environment["XDG_DATA_HOME"] = start.Environment["LOCALAPPDATA"] = Path.Combine(PackagedBuild.Folder, "user");

        var printed = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += Append;
        process.ErrorDataReceived += Append;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        lock (printed)
        {
            Assert.That(process.ExitCode, Is.EqualTo(exitCode), $"{program} {string.Join(' ', args)}\n{printed}");
            return printed.ToString();
        }

        void Append(object sender, DataReceivedEventArgs line)
        {
            lock (printed)
            {
                if (line.Data is not null)
                    printed.Append(line.Data).Append('\n');
            }
        }
    }
}
