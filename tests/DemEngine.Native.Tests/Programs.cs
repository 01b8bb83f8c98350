using System.Diagnostics;
using System.Text;

namespace DemEngine.Native.Tests;

/// <summary>Runs programs as a user would, and gives what they print.</summary>
internal static class Programs
{
    private static readonly string[] Inherited = ["MSBUILD", "VSTEST", "DOTNET_CLI", "NUGET_", "CI"];

    /// <summary>Finds a program on the path; null if there is none.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program, which must succeed.</summary>
    /// <param name="program">Its file or name.</param>
    /// <param name="folder">Where.</param>
    /// <param name="args">Its arguments.</param>
    /// <returns>Standard output and errors.</returns>
    public static string Run(string program, string folder, params string[] args) => Run(program, folder, new Dictionary<string, string>(), args);

    /// <summary>Runs a program, which must succeed, with variables of the environment.</summary>
    public static string Run(string program, string folder, IReadOnlyDictionary<string, string> variables, params string[] args)
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
        foreach (var (name, value) in variables)
            start.Environment[name] = value;

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
            Assert.That(process.ExitCode, Is.Zero, $"{program} {string.Join(' ', args)}\n{printed}");
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
