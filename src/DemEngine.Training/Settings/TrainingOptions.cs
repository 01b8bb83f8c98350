using DemEngine.Numerics;

namespace DemEngine.Training.Settings;

/// <summary>How a model is trained. The same options, data and start give the same result on the same machine.</summary>
public sealed record TrainingOptions
{
    private const long NotSet = -1;

    /// <summary>Steps of the optimiser; fewer where validation stops improving.</summary>
    public long Steps { get; init; } = 1000;

    /// <summary>Examples a step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>
    /// The most positions that pass through the model at once. A batch with more is cut, and gradients accumulate: the mean is over the
    /// batch's target tokens either way.
    /// </summary>
    public long MaxPositions { get; init; } = 16384;

    /// <summary>The largest learning rate.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>What the learning rate decays to, as a share of the largest.</summary>
    public double FinalLearningRateShare { get; init; } = 0.1;

    /// <summary>Steps in which the learning rate rises; if not set, a tenth of all, but no more than 100.</summary>
    public long WarmupSteps
    {
        get => field < 0 ? Math.Min(Steps / 10, 100) : field;
        init
        {
            Require(value >= 0, "warm-up must not be negative");
            field = value;
        }
    } = NotSet;

    /// <summary>The optimiser's constants.</summary>
    public AdamWOptions AdamW { get; init; } = new();

    /// <summary>The largest norm of a gradient; a longer one is shortened to it.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Chooses the order of examples.</summary>
    public long Seed { get; init; }

    /// <summary>In which the model computes: binary32 or bfloat16. The optimiser's own copy of the weights, and its moments, are binary32.</summary>
    public ElementType Type { get; init; } = ElementType.F32;

    /// <summary>Validation takes place before the first step, after so many steps each, and after the last.</summary>
    public long EvaluateEvery { get; init; } = 100;

    /// <summary>Stops after so many validations in a row without a new best loss; 0 for never.</summary>
    public int Patience { get; init; }

    /// <summary>Where is computed: see <see cref="DeviceName"/>. Not part of what is trained, nor is the next.</summary>
    public string Device { get; init; } = DeviceName.Processor;

    /// <summary>Threads on the processor, in this process as a whole. Another number may round sums differently.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>The learning rate at each step.</summary>
    public LearningRate Schedule => new(LearningRate, LearningRate * FinalLearningRateShare, WarmupSteps, Steps);

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="DemException">DEM1001.</exception>
    public void Check()
    {
        Require(Steps >= 1, "there must be at least one step");
        Require(BatchSize >= 1, "a batch must have at least one example");
        Require(MaxPositions >= 1, "at least one position must fit");
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
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
            throw new DemException(ErrorCode.BadArgument, what);
    }
}
