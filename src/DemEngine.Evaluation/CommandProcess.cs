using System.ComponentModel;
using System.Diagnostics;
using DemEngine.Errors;

namespace DemEngine.Evaluation;

/// <summary>Runs a shell command and returns what it writes to its standard output.</summary>
internal static class CommandProcess
{
    private const int LastLines = 8;

    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">Command line for <c>sh -c</c>, or on Windows for <c>cmd /c</c>.</param>
    /// <param name="environment">Environment variables to add to those of this process.</param>
    /// <param name="longest">Time after which the command and all that it started are ended; null for no limit.</param>
    /// <param name="cancel">Token that ends the command.</param>
    /// <exception cref="DemException">
    /// DEM4101 (CommandFailed): it could not be run, or its exit code is not 0. DEM4204 (CommandTimedOut): it ran too long.
    /// </exception>
    public static string Run(
        string command, IEnumerable<(string Name, string Value)> environment, TimeSpan? longest, CancellationToken cancel)
    {
        (string shell, string flag) = OperatingSystem.IsWindows() ? ("cmd.exe", "/c") : ("/bin/sh", "-c");
        using Process process = Start(shell, flag, command, environment);

        // Both pipes must be emptied while the command runs, or it would block once one of them is full.
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using (var limit = new CancellationTokenSource())
        using (limit.Token.Register(() => Kill(process)))
        using (cancel.Register(() => Kill(process)))
        {
            if (longest is { } time)
                limit.CancelAfter(time);
            process.WaitForExit();
            cancel.ThrowIfCancellationRequested();
            if (limit.IsCancellationRequested)
            {
                throw new DemException(
                    ErrorCode.CommandTimedOut,
                    $"{command}: stopped after {longest!.Value.TotalMinutes:0.##} minutes; the end of its standard error: "
                    + LastWords(error.GetAwaiter().GetResult()));
            }
        }

        if (process.ExitCode != 0)
        {
            throw new DemException(
                ErrorCode.CommandFailed,
                $"{command}: exit code {process.ExitCode}; the end of its standard error: "
                + LastWords(error.GetAwaiter().GetResult()));
        }

        return output.GetAwaiter().GetResult();
    }

    private static Process Start(
        string shell, string flag, string command, IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(shell)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(flag);
        start.ArgumentList.Add(command);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            Process process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception e)
        {
            throw new DemException(ErrorCode.CommandFailed, $"{shell}: {e.Message}", e);
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // The process has just ended by itself.
        }
    }

    private static string LastWords(string error)
    {
        string[] lines = [.. error.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0).TakeLast(LastLines)];
        return lines.Length > 0 ? string.Join(" ", lines.Select(line => Quoted.Name(line))) : "nothing";
    }
}
