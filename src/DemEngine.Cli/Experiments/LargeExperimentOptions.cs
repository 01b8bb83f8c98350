using System.Collections.Immutable;
using System.CommandLine;
using DemEngine.Cli.Options;
using DemEngine.Lab.Experiment.Given;
using DemEngine.Numerics;
using DemEngine.Training.Settings;

namespace DemEngine.Cli.Experiments;

/// <summary>
/// The options of <c>dem experiment --preset large</c>: a base and sources of the user's, and how they are tuned.
/// </summary>
internal sealed class LargeExperimentOptions
{
    /// <summary>Name of the preset.</summary>
    public const string Preset = "large";

    private readonly Option<string?> _base = new("--base")
    {
        Description = "Of --preset large: the folder of the model that all others start from.",
        HelpName = "dir",
    };

    private readonly Option<string[]> _sources = new("--source")
    {
        Description = "Of --preset large, at least three times: a folder with the data of a source, as files train, valid and "
            + "test. The first is withdrawn later, and the last is added.",
        HelpName = "dir",
    };

    private readonly Option<int> _steps = Numbers.Positive(
        "--steps", "Of --preset large: steps of a fine-tune; of a mixture, times its sources. Default 500.", 500);

    private readonly Option<int> _batchSize = Numbers.Positive(
        "--batch-size", "Of --preset large: examples a step. Default 16.", 16);

    private readonly Option<double> _learningRate = Numbers.NotNegative(
        "--lr", "Of --preset large: largest learning rate. Default 1e-05, or 0.0001 with --lora-rank.", 0);

    private readonly Option<int?> _rank = new("--lora-rank")
    {
        Description = "Of --preset large: train adapters of this rank over a base that stays as it is stored.",
        HelpName = "n",
    };

    private readonly Option<string> _type = new("--dtype")
    {
        Description = "Of --preset large: f32 or bf16, in which models compute and mixtures are saved. Default bf16.",
        HelpName = "f32|bf16",
        DefaultValueFactory = _ => "bf16",
    };

    private readonly Option<int> _maxPositions = Numbers.Positive(
        "--max-positions", "Of --preset large: the most positions that pass through a model at once. Default 4096.", 4096);

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Of --preset large: say what it will cost, by a rate that is measured with the base, and train nothing.",
    };

    /// <summary>Adds the options to the command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
            command.Add(option);
        command.Validators.Add(result =>
        {
            bool isLarge = result.GetValue<string>("--preset") == Preset;
            if (!isLarge && All.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } given)
                result.AddError($"{given.Name} goes with --preset {Preset} only");
            if (isLarge && (result.GetValue(_base) is null || result.GetValue(_sources) is null or []))
                result.AddError($"--preset {Preset} needs --base and --source");
            if (result.GetValue(_type) is not (null or "f32" or "bf16"))
                result.AddError("--dtype: f32 or bf16 is taken");
        });
    }

    /// <summary>Whether only the cost is asked for.</summary>
    public bool IsDryRun(ParseResult parsed) => parsed.GetValue(_dryRun);

    /// <summary>Reads the settings.</summary>
    public GivenSettings Read(ParseResult parsed, string device, int threads)
    {
        int? rank = parsed.GetValue(_rank);
        double rate = parsed.GetValue(_learningRate);
        return new GivenSettings(
            parsed.GetValue(_base)!,
            [.. parsed.GetValue(_sources)!.Select(GivenSource.Open)],
            new TrainingOptions
            {
                Steps = parsed.GetValue(_steps),
                BatchSize = parsed.GetValue(_batchSize),
                LearningRate = rate > 0 ? rate : rank is null ? 1e-5 : 1e-4,
                Lora = rank is { } given ? new LoraOptions { Rank = given, Alpha = 2 * given } : null,
                Type = parsed.GetValue(_type) == "f32" ? ElementType.F32 : ElementType.BF16,
                MaxPositions = parsed.GetValue(_maxPositions),
                Recomputes = true,
                Device = device,
                Threads = threads,
                Seed = 1,
            });
    }

    private ImmutableArray<Option> All =>
        [_base, _sources, _steps, _batchSize, _learningRate, _rank, _type, _maxPositions, _dryRun];
}
