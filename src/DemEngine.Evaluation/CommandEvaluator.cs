using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using DemEngine.Errors;

namespace DemEngine.Evaluation;

/// <summary>
/// Evaluates models with an external program: runs a shell command for each model and reads the metrics from its output, see
/// <see cref="CommandOutput"/>.
/// </summary>
public sealed class CommandEvaluator : IModelEvaluator
{
    /// <summary>Placeholder in the command for the model's folder.</summary>
    public const string ModelPlaceholder = "{model}";

    private const int LastLines = 8;

    private readonly string _command;
    private readonly ImmutableArray<Metric> _metrics;

    /// <summary>Makes an evaluator that runs a command.</summary>
    /// <param name="command">
    /// Command line for <c>sh -c</c> (on Windows <c>cmd /c</c>). <c>{model}</c> in it is replaced by the model's folder, quoted
    /// as one word.
    /// </param>
    /// <param name="metrics">Metrics to take from the command's output; empty for all that it prints.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): the command does not say where the model's folder goes.</exception>
    public CommandEvaluator(string command, ImmutableArray<Metric> metrics)
    {
        if (!command.Contains(ModelPlaceholder, StringComparison.Ordinal))
            throw new DemException(
                ErrorCode.BadArgument,
                $"the evaluation command has no {ModelPlaceholder} in it, so that it would not know what to evaluate");
        _command = command;
        _metrics = metrics;
    }

    /// <inheritdoc/>
    public string Description => _command;

    /// <inheritdoc/>
    public ImmutableArray<(string Set, Metric Metric)> Measures => [];

    /// <inheritdoc/>
    public ModelScores Evaluate(IModelWeights model, CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        string output = Run(_command.Replace(ModelPlaceholder, ShellWord.Of(model.Folder), StringComparison.Ordinal), cancel);
        return new ModelScores(CommandOutput.Read(output, _metrics), Tokens: 0, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static string Run(string command, CancellationToken cancel)
    {
        (string shell, string flag) = OperatingSystem.IsWindows() ? ("cmd.exe", "/c") : ("/bin/sh", "-c");
        using Process process = Start(shell, flag, command);

        // Both pipes must be emptied while the command runs, or it would block once one of them is full.
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using (cancel.Register(() => Kill(process)))
            process.WaitForExit();
        cancel.ThrowIfCancellationRequested();
        if (process.ExitCode != 0)
        {
            throw new DemException(
                ErrorCode.CommandFailed,
                $"{command}: exit code {process.ExitCode}; the end of its standard error: "
                + $"{LastWords(error.GetAwaiter().GetResult())}");
        }

        return output.GetAwaiter().GetResult();
    }

    private static Process Start(string shell, string flag, string command)
    {
        var start = new ProcessStartInfo(shell)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(flag);
        start.ArgumentList.Add(command);
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
