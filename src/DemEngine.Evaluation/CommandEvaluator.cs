using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using DemEngine.Files;

namespace DemEngine.Evaluation;

/// <summary>
/// Evaluates models with an external program: runs a shell command for each model and reads the metrics from the files that it
/// wrote, if it was told a folder for them and wrote any, or otherwise from its output, see <see cref="CommandOutput"/>. Several
/// threads may evaluate different models at the same time.
/// </summary>
public sealed class CommandEvaluator : IModelEvaluator
{
    /// <summary>Placeholder in the command for the model's folder.</summary>
    public const string ModelPlaceholder = CommandTemplate.Model;

    /// <summary>
    /// Placeholder for a folder in which the command may write its results; they are read from there, see
    /// <see cref="CommandPlace.Output"/>.
    /// </summary>
    public const string OutputPlaceholder = CommandTemplate.Output;

    /// <summary>Placeholder for the devices of the command, see <see cref="CommandPlace.Devices"/>.</summary>
    public const string DevicesPlaceholder = CommandTemplate.Devices;

    /// <summary>Placeholder for the number of the trial, see <see cref="CommandPlace.Trial"/>.</summary>
    public const string TrialPlaceholder = CommandTemplate.Trial;

    private static readonly ErrorCode[] Retried =
        [ErrorCode.CommandFailed, ErrorCode.CommandTimedOut, ErrorCode.CommandGaveNoNumber];

    private readonly string _command;
    private readonly CommandTemplate _template;
    private readonly ImmutableArray<Metric> _metrics;

    /// <summary>Makes an evaluator that runs a command.</summary>
    /// <param name="command">
    /// Command line for <c>sh -c</c> (on Windows <c>cmd /c</c>). Placeholders in it are replaced by their values, quoted so that
    /// the shell takes each as it is, within quotation marks too. <c>{model}</c> must be there.
    /// </param>
    /// <param name="metrics">Metrics to take from the command's results; empty for all of them.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): the command does not say where the model's folder goes.</exception>
    public CommandEvaluator(string command, ImmutableArray<Metric> metrics)
    {
        _template = new CommandTemplate(command);
        _command = command;
        _metrics = metrics;
    }

    /// <summary>Time after which the command is ended, and has failed; null for no limit.</summary>
    public TimeSpan? Longest { get; init; }

    /// <summary>Number of times that a command which failed is run again before its failure counts.</summary>
    public int Retries { get; init; }

    /// <inheritdoc/>
    public string Description => _command;

    /// <inheritdoc/>
    public ImmutableArray<(string Set, Metric Metric)> Measures => [];

    /// <summary>Whether the command has a placeholder for a folder of its own files.</summary>
    public bool HasOutput => _template.HasOutput;

    /// <summary>Whether the command has a placeholder for devices.</summary>
    public bool HasDevices => _template.HasDevices;

    /// <inheritdoc/>
    public ModelScores Evaluate(IModelWeights model, CancellationToken cancel = default)
    {
        string output = Path.Combine(Path.GetTempPath(), $"dem-eval-{Guid.NewGuid():N}");
        try
        {
            return Evaluate(model, new CommandPlace(1, output), cancel);
        }
        finally
        {
            if (Directory.Exists(output))
                Directory.Delete(output, recursive: true);
        }
    }

    /// <summary>Evaluates a model for a trial.</summary>
    /// <param name="model">Model to evaluate; only its folder is used.</param>
    /// <param name="place">What the placeholders stand for. The folder of results is made here, or emptied.</param>
    /// <param name="cancel">Token that ends the command.</param>
    /// <exception cref="DemException">
    /// DEM4101, DEM4204 (CommandFailed, CommandTimedOut): the command failed or ran too long, and so did all retries. DEM4102,
    /// DEM4203 (CommandGaveNoNumber, MetricUnclear): its results have no metric, or not exactly one that was asked for.
    /// </exception>
    public ModelScores Evaluate(IModelWeights model, CommandPlace place, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();

        // Commands may change their folder before they look for the model's.
        string folder = Path.GetFullPath(model.Folder);
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new ModelScores(
                    Run(folder, place, cancel), Tokens: 0, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
            catch (DemException e) when (attempt < Retries && Retried.Contains(e.Code))
            {
                // The command is run again.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private ImmutableArray<Score> Run(string model, CommandPlace place, CancellationToken cancel)
    {
        if (HasOutput)
            Empty(place.Output);
        string output = CommandProcess.Run(_template.Fill(model, place), Environment(model, place), Longest, cancel);
        return HasOutput && CommandFiles.Read(place.Output) is { Count: > 0 } metrics
            ? CommandOutput.Choose(metrics, _metrics)
            : CommandOutput.Read(output, _metrics);
    }

    private static IEnumerable<(string Name, string Value)> Environment(string model, CommandPlace place)
    {
        yield return ("DEM_MODEL", model);
        yield return ("DEM_OUT", place.Output);
        yield return ("DEM_TRIAL", place.Trial.ToString(CultureInfo.InvariantCulture));
        if (place.Devices is { } devices)
        {
            yield return ("DEM_GPU", devices);
            yield return ("CUDA_VISIBLE_DEVICES", devices);
        }
    }

    private static void Empty(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, folder);
        }
    }
}
