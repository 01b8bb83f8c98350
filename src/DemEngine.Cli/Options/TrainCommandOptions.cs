using System.CommandLine;
using DemEngine.Numerics;
using DemEngine.Training.Settings;

namespace DemEngine.Cli.Options;

/// <summary>The options for how a model is trained.</summary>
internal sealed class TrainCommandOptions
{
    private static readonly TrainingOptions Defaults = new();

    private readonly Option<int> _steps = Numbers.Positive(
        "--steps", $"Steps of the optimiser. Default {Defaults.Steps}.", (int)Defaults.Steps);

    private readonly Option<int> _batchSize = Numbers.Positive(
        "--batch-size", $"Examples a step. Default {Defaults.BatchSize}.", Defaults.BatchSize);

    private readonly Option<int> _maxPositions = Numbers.Positive(
        "--max-positions",
        "The most positions that pass through the model at once; gradients of larger batches accumulate. Default "
        + $"{Defaults.MaxPositions}.",
        (int)Defaults.MaxPositions);

    private readonly Option<int?> _pack = new("--pack")
    {
        Description = "Lay examples one behind the other in rows of so many tokens; they do not see each other. Default: a row "
            + "for each.",
        HelpName = "tokens",
    };

    private readonly Option<bool> _recompute = new("--gradient-checkpointing")
    {
        Description = "Compute layers a second time rather than keep them: less memory for more time, the same gradients.",
    };

    private readonly Option<double> _learningRate = Numbers.NotNegative(
        "--lr", $"Largest learning rate. Default {Defaults.LearningRate}.", Defaults.LearningRate);

    private readonly Option<double> _finalShare = Numbers.NotNegative(
        "--final-lr",
        $"What it decays to, as a share of the largest. Default {Defaults.FinalLearningRateShare}.",
        Defaults.FinalLearningRateShare);

    private readonly Option<long?> _warmup = new("--warmup")
    {
        Description = "Steps in which it rises. Default: a tenth, at most 100.",
        HelpName = "n",
    };

    private readonly Option<double> _weightDecay = Numbers.NotNegative(
        "--weight-decay", $"Of AdamW, on matrices. Default {Defaults.AdamW.WeightDecay}.", Defaults.AdamW.WeightDecay);

    private readonly Option<double> _beta1 = Numbers.NotNegative(
        "--beta1", $"Of AdamW. Default {Defaults.AdamW.Beta1}.", Defaults.AdamW.Beta1);

    private readonly Option<double> _beta2 = Numbers.NotNegative(
        "--beta2", $"Of AdamW. Default {Defaults.AdamW.Beta2}.", Defaults.AdamW.Beta2);

    private readonly Option<double> _clip = Numbers.NotNegative(
        "--clip", $"Largest norm of a gradient. Default {Defaults.ClipNorm}.", Defaults.ClipNorm);

    private readonly Option<long> _seed = new("--seed")
    {
        Description = "Chooses the order of examples, and the weights of --from-scratch. Default 0.",
        HelpName = "n",
    };

    private readonly Option<ElementType?> _type = Choice.FloatType(
        "--dtype",
        "In which the model computes and is saved; the optimiser's own numbers are f32. Default f32.",
        "f32",
        "bf16");

    private readonly Option<int> _evaluateEvery = Numbers.Positive(
        "--eval-every", $"Steps between validations. Default {Defaults.EvaluateEvery}.", (int)Defaults.EvaluateEvery);

    private readonly Option<int?> _patience = new("--patience")
    {
        Description = "Stop after so many validations in a row that are not the best. Default: never.",
        HelpName = "n",
    };

    private readonly Option<int?> _rank = new("--lora-rank")
    {
        Description = "Train an adapter of this rank (LoRA), written as PEFT reads it, in place of all weights.",
        HelpName = "n",
    };

    private readonly Option<double?> _alpha = new("--lora-alpha")
    {
        Description = "What the adapter is multiplied by, times its rank. Default: twice the rank.",
        HelpName = "number",
    };

    private readonly Option<string[]> _targets = new("--lora-targets")
    {
        Description = $"Matrices that are adapted. Default: all, {string.Join(" ", LoraOptions.AllTargets)}.",
        HelpName = "name",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _dense = new("--lora-dense")
    {
        Description = "Write the adapted model with all its weights, and not the adapter.",
    };

    private readonly Option<string> _device = new("--device")
    {
        Description = "cpu, cuda or cuda:N. Default cpu.",
        HelpName = "name",
        DefaultValueFactory = _ => DeviceName.Processor,
    };

    private readonly Option<int> _threads = ReadCommandOptions.NewThreads();

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
        {
            _steps,
            _batchSize,
            _maxPositions,
            _pack,
            _recompute,
            _learningRate,
            _finalShare,
            _warmup,
            _weightDecay,
            _beta1,
            _beta2,
            _clip,
            _seed,
            _type,
            _evaluateEvery,
            _patience,
            _rank,
            _alpha,
            _targets,
            _dense,
            _device,
            _threads,
        })
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(_device) is { } device && !DeviceName.IsKnown(device))
                result.AddError($"--device: '{device}' is not cpu, cuda or cuda:N");
            if (result.GetResult(_pack) is { } pack && !pack.Errors.Any() && result.GetValue(_pack) < 1)
                result.AddError("--pack: a whole number from 1 is wanted");
            bool hasMore =
                result.GetResult(_alpha) is not null || result.GetResult(_targets) is not null || result.GetValue(_dense);
            if (result.GetResult(_rank) is null && hasMore)
                result.AddError("--lora-alpha, --lora-targets and --lora-dense need --lora-rank");
        });
    }

    /// <summary>Whether an adapted model is written with all its weights.</summary>
    public bool Dense(ParseResult parsed) => parsed.GetValue(_dense);

    public TrainingOptions Read(ParseResult parsed)
    {
        var options = new TrainingOptions
        {
            Steps = parsed.GetValue(_steps),
            BatchSize = parsed.GetValue(_batchSize),
            MaxPositions = parsed.GetValue(_maxPositions),
            PackLength = parsed.GetValue(_pack),
            Recomputes = parsed.GetValue(_recompute),
            LearningRate = parsed.GetValue(_learningRate),
            FinalLearningRateShare = parsed.GetValue(_finalShare),
            AdamW = new AdamWOptions(
                parsed.GetValue(_beta1), parsed.GetValue(_beta2), WeightDecay: parsed.GetValue(_weightDecay)),
            ClipNorm = parsed.GetValue(_clip),
            Seed = parsed.GetValue(_seed),
            Type = parsed.GetValue(_type) ?? Defaults.Type,
            EvaluateEvery = parsed.GetValue(_evaluateEvery),
            Patience = parsed.GetValue(_patience) ?? Defaults.Patience,
            Device = parsed.GetValue(_device)!,
            Threads = parsed.GetValue(_threads),
        };
        if (parsed.GetValue(_warmup) is { } warmup)
            options = options with { WarmupSteps = warmup };
        if (parsed.GetValue(_rank) is { } rank)
        {
            options = options with
            {
                Lora = new LoraOptions
                {
                    Rank = rank,
                    Alpha = parsed.GetValue(_alpha) ?? 2 * rank,
                    Targets = parsed.GetValue(_targets) is { Length: > 0 } targets ? [.. targets] : LoraOptions.AllTargets,
                },
            };
        }

        options.Check();
        return options;
    }
}
