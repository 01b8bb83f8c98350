using System.Diagnostics;

namespace DemEngine.Cli.Tests;

/// <summary>Runs programs that the system may have: a shell, and a terminal of a given width.</summary>
internal static class Shell
{
    /// <summary>Runs a script with bash; the test is skipped where there is none.</summary>
    public static string Bash(string script)
    {
        Skip.Unless("/bin/bash");
        return Run("/bin/bash", ["-c", script], null).Output;
    }

    /// <summary>Runs dem in a terminal of a width; the test is skipped where the system has no means to make one.</summary>
    public static CommandResult InTerminal(int width, params string[] args)
    {
        Skip.Unless("/usr/bin/script");
        string dem = Path.Combine(AppContext.BaseDirectory, "dem.dll");
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string words = string.Join(' ', args.Prepend(dem).Prepend(host).Select(word => $"'{word}'"));
        return Run("/usr/bin/script", ["-qec", $"stty cols {width}; {words}", "/dev/null"], "xterm");
    }

    private static CommandResult Run(string program, string[] args, string? terminal)
    {
        var start = new ProcessStartInfo(program, args)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (terminal is not null)
            start.Environment["TERM"] = terminal;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CommandResult(process.ExitCode, output, error.Result);
    }

    private static class Skip
    {
        public static void Unless(string program)
        {
            if (!File.Exists(program))
                Assert.Ignore($"there is no {program} here");
        }
    }
}
