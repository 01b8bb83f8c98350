using System.Collections.Immutable;
using System.CommandLine;
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
            + ", or what --evaluate-command prints (add :lower where less is better). Default: "
            + $"{defaultMetric}.",
        HelpName = "name",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _command = new("--evaluate-command")
    {
        Description = "Let this shell command judge models. {model} in it becomes the folder; "
            + "its last number, or a JSON object of numbers, is the result.",
        HelpName = "command",
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
        $"Threads that compute. Default: one a processor, here {Environment.ProcessorCount}.",
        Environment.ProcessorCount);

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _metrics, _command, _evaluator, _device, Threads })
            command.Options.Add(option);
    }

    public ImmutableArray<Metric> Metrics(ParseResult parsed) => [.. (parsed.GetValue(_metrics) ?? []).Select(Metric.Parse)];

    /// <summary>The shell command that evaluates; null if none was given.</summary>
    public string? CommandText(ParseResult parsed) => parsed.GetValue(_command);

    /// <summary>The evaluator that runs the shell command; null if none was given.</summary>
    public CommandEvaluator? Command(ParseResult parsed) =>
        CommandText(parsed) is { } command ? new CommandEvaluator(command, Metrics(parsed)) : null;

    /// <summary>Opens the evaluator that computes in this process: Torch or the embedded one.</summary>
    public IModelEvaluator Open(ParseResult parsed, ImmutableArray<MeasuredSet> sets) =>
        parsed.GetValue(_evaluator) == Evaluators.Torch
            ? new TorchEvaluator(sets, parsed.GetValue(_device)!, parsed.GetValue(Threads))
            : new EmbeddedEvaluator(sets, parsed.GetValue(Threads));
}
