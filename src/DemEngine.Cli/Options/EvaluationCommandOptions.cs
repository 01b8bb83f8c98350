using System.Collections.Immutable;
using System.CommandLine;
using DemEngine.Cli.Startup;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Settings;

namespace DemEngine.Cli.Options;

/// <summary>The options of every command that evaluates: the metrics, the evaluator, and an external program instead.</summary>
/// <param name="defaultMetric">Description of the metric that is measured if none is given.</param>
internal sealed class EvaluationCommandOptions(string defaultMetric)
{
    private readonly Option<string[]> _metrics = new("--metric")
    {
        Description = "What to measure: "
            + $"{string.Join(", ", Metric.BuiltIn)}"
            + ", or what --evaluate-command gives: acc, acc,none or gsm8k/exact_match,strict-match "
            + "(add :lower or :higher where its output does not say what is better). Default: "
            + $"{defaultMetric}.",
        HelpName = "name",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _command = new("--evaluate-command")
    {
        Description = "Let this shell command judge models. {model} in it becomes the folder, "
            + "{out} a new folder for its results. Read are the results of lm-evaluation-harness, "
            + "JSON objects, lines of name: number, or the last number.",
        HelpName = "command",
    };

    private readonly Option<double> _timeout = Numbers.NotNegative(
        "--timeout", "End --evaluate-command after so many minutes, and take it as failed; 0 for no bound. Default 0.", 0);

    private readonly Option<int> _retries = new("--retries")
    {
        Description = "Run an --evaluate-command that failed so many times again. Default 0.",
        HelpName = "n",
    };

    private readonly Option<Evaluators> _evaluator = Choice.Option(
        "--evaluator", "What computes: this program itself, meant for small models, or Torch.", Evaluators.Embedded);

    private readonly Option<string> _device = new("--device")
    {
        Description = "Where Torch computes: cpu, cuda or cuda:N. Default cpu.",
        HelpName = "name",
        DefaultValueFactory = _ => DeviceName.Processor,
    };

    private enum Evaluators
    {
        Embedded,
        Torch,
    }

    public Option<int> Threads { get; } = Numbers.Positive(
        "--threads",
        $"Threads that compute. Default: one a processor, here {DefaultThreads.Count}.",
        DefaultThreads.Count);

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _metrics, _command, _timeout, _retries, _evaluator, _device, Threads })
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_retries) is { } retries && !retries.Errors.Any() && result.GetValue(_retries) < 0)
                result.AddError("--retries: a whole number from 0 is wanted");
        });
    }

    /// <summary>Time after which the command is ended; null for no bound.</summary>
    public TimeSpan? Longest(ParseResult parsed) =>
        parsed.GetValue(_timeout) is > 0 and var minutes ? TimeSpan.FromMinutes(Math.Min(minutes, 1e4)) : null;

    /// <summary>Number of times that a failed command is run again.</summary>
    public int Retries(ParseResult parsed) => parsed.GetValue(_retries);

    public ImmutableArray<Metric> Metrics(ParseResult parsed) => [.. (parsed.GetValue(_metrics) ?? []).Select(Metric.Parse)];

    /// <summary>The shell command that evaluates; null if none was given.</summary>
    public string? CommandText(ParseResult parsed) => parsed.GetValue(_command);

    /// <summary>Whether the evaluation is known to take no memory of a device.</summary>
    public bool LeavesDevicesFree(ParseResult parsed) => CommandText(parsed) is null
        && (parsed.GetValue(_evaluator) != Evaluators.Torch || parsed.GetValue(_device) == DeviceName.Processor);

    /// <summary>The evaluator that runs the shell command; null if none was given.</summary>
    public CommandEvaluator? Command(ParseResult parsed) =>
        CommandText(parsed) is { } command
            ? new CommandEvaluator(command, Metrics(parsed)) { Longest = Longest(parsed), Retries = Retries(parsed) }
            : null;

    /// <summary>Opens the evaluator that computes in this process: Torch or the embedded one.</summary>
    public IModelEvaluator Open(ParseResult parsed, ImmutableArray<MeasuredSet> sets) =>
        parsed.GetValue(_evaluator) != Evaluators.Torch ? new EmbeddedEvaluator(sets, parsed.GetValue(Threads))
            : Build.HasGpuAndTraining ? new TorchEvaluator(sets, parsed.GetValue(_device)!, parsed.GetValue(Threads))
            : throw Build.Lacks("evaluator torch");
}
