using DemEngine.Numerics;

namespace DemEngine.Training.Settings;

/// <summary>
/// Options of a training. The same options, data and initial weights give the same result on the same machine.
/// </summary>
public sealed record TrainingOptions
{
    private const long NotSet = -1;

    /// <summary>Maximum number of optimiser steps; fewer are taken if validation stops improving.</summary>
    public long Steps { get; init; } = 1000;

    /// <summary>Number of examples per step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>
    /// Maximum number of positions that pass through the model at once. A larger batch is divided, and gradients accumulate: the
    /// mean is over the batch's target tokens either way.
    /// </summary>
    public long MaxPositions { get; init; } = 16384;

    /// <summary>
    /// Number of positions of a row in which several examples lie one behind the other without seeing each other; null to give
    /// each example a row.
    /// </summary>
    public int? PackLength { get; init; }

    /// <summary>
    /// Whether the layers of a pass are computed a second time for the gradients rather than kept, which takes more time
    /// and less memory.
    /// </summary>
    public bool Recomputes { get; init; }

    /// <summary>Maximum learning rate.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>Final learning rate as a share of the maximum, 0 to 1.</summary>
    public double FinalLearningRateShare { get; init; } = 0.1;

    /// <summary>Number of steps in which the learning rate rises. The default is a tenth of all steps, but at most 100.</summary>
    public long WarmupSteps
    {
        get => field < 0 ? Math.Min(Steps / 10, 100) : field;
        init
        {
            Require(value >= 0, "warm-up must not be negative");
            field = value;
        }
    } = NotSet;

    /// <summary>Hyperparameters of the optimiser.</summary>
    public AdamWOptions AdamW { get; init; } = new();

    /// <summary>Maximum norm of the gradient; a longer gradient is scaled down to it.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Options of low-rank adaptation; null to train all weights.</summary>
    public LoraOptions? Lora { get; init; }

    /// <summary>Random seed of the order of examples.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Type in which the model computes: binary32 or bfloat16. The optimiser's own copy of the weights, and its moments, are
    /// binary32.
    /// </summary>
    public ElementType Type { get; init; } = ElementType.F32;

    /// <summary>
    /// Number of steps between validations. Validation also takes place before the first step and after the last.
    /// </summary>
    public long EvaluateEvery { get; init; } = 100;

    /// <summary>Number of successive validations without a new best loss after which training stops; 0 for never.</summary>
    public int Patience { get; init; }

    /// <summary>
    /// Device that computes; see <see cref="DeviceName"/>. Like <see cref="Threads"/>, it is not part of a run's identity.
    /// </summary>
    public string Device { get; init; } = DeviceName.Processor;

    /// <summary>
    /// Number of threads on the processor, for the whole process. Another number may round sums differently.
    /// </summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Schedule of the learning rate.</summary>
    public LearningRate Schedule => new(LearningRate, LearningRate * FinalLearningRateShare, WarmupSteps, Steps);

    /// <summary>Checks that all options are in their ranges.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): an option is out of range.</exception>
    public void Check()
    {
        Require(Steps >= 1, "there must be at least one step");
        Require(BatchSize >= 1, "a batch must have at least one example");
        Require(MaxPositions >= 1, "at least one position must fit");
        Require(PackLength is null or >= 1, "at least one position must fit a row");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), "the learning rate must be positive");
        Require(FinalLearningRateShare is >= 0 and <= 1, "the final learning rate must be a share from 0 to 1");
        Require(WarmupSteps <= Steps, "warm-up must not be longer than training");
        Require(AdamW.Beta1 is >= 0 and < 1 && AdamW.Beta2 is >= 0 and < 1, "betas must be from 0 to less than 1");
        Require(AdamW.Epsilon > 0 && AdamW.WeightDecay >= 0, "epsilon must be positive, weight decay not negative");
        Require(ClipNorm > 0, "the largest norm must be positive");
        Require(Type is ElementType.F32 or ElementType.BF16, "weights are trained as f32 or bf16");
        Require(EvaluateEvery >= 1, "validation must come after at least one step");
        Require(Patience >= 0, "patience must not be negative");
        Require(Threads >= 1, "there must be at least one thread");
        Lora?.Check();
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
            throw new DemException(ErrorCode.BadArgument, what);
    }
}
