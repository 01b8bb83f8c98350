using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Lab.Experiment.Sources;
using DemEngine.Numerics;
using DemEngine.Search.Space;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>All settings that an experiment's results depend on, apart from the machine.</summary>
/// <param name="Name">Name of the preset on the command line.</param>
/// <param name="Model">Configuration of the models.</param>
/// <param name="Sources">Sources of the family as it is built.</param>
/// <param name="Withdrawn">Name of the source that is withdrawn later.</param>
/// <param name="Improved">Name of the source whose data are better later; until then <see cref="WrongShare"/> are wrong.</param>
/// <param name="Added">Source that is added later.</param>
/// <param name="Conflict">Source that contradicts the first of <paramref name="Sources"/>, for the users' weightings.</param>
/// <param name="Lacking">Source of a skill that the base lacks; null to leave that out.</param>
/// <param name="Kept">Sources that the base has learnt and no model is tuned on.</param>
/// <param name="Exercises">Numbers of exercises.</param>
/// <param name="Base">Training settings of the base.</param>
/// <param name="FineTune">
/// Training settings of a model tuned on one source. Tuning on a mixture of n sources takes n times as many steps.
/// </param>
/// <param name="Effort">What is compared beside the life of the family.</param>
/// <param name="Range">Range of the coefficients.</param>
/// <param name="Seeds">Seeds of the runs; each seed is one complete run.</param>
public sealed record ExperimentPreset(
    string Name,
    LlamaConfig Model,
    ImmutableArray<TextSource> Sources,
    string Withdrawn,
    string Improved,
    TextSource Added,
    TextSource Conflict,
    TextSource? Lacking,
    ImmutableArray<TextSource> Kept,
    ExerciseCounts Exercises,
    TuningSettings Base,
    TuningSettings FineTune,
    ComparisonEffort Effort,
    CoefficientRange Range,
    ImmutableArray<long> Seeds)
{
    /// <summary>Share of right answers, by either custom, that the base must reach on every skill; 0 for no gate.</summary>
    public double Gate { get; init; } = 0.9;

    /// <summary>Share of wrong answers in the data of the source that is improved later.</summary>
    public double WrongShare { get; init; } = 0.2;

    /// <summary>
    /// Share of exercises of the base's own mixture in the data of every fine-tune and mixture. It helps sources that extend what
    /// the base does, and hurts those that contradict it.
    /// </summary>
    public double Rehearsal { get; init; }

    /// <summary>What the users that want other weightings give to the conflicting source, against the first one.</summary>
    public ImmutableArray<double> Weightings { get; init; } = [0.1, 0.5, 0.9];

    /// <summary>The experiment of the documentation; half an hour on two cores.</summary>
    public static ExperimentPreset Small { get; } = new(
        "small",
        Shape(hidden: 48, intermediate: 128, layers: 2, heads: 4),
        [Skill.Date.First, Skill.Sort.First, Skill.Reverse.First, Skill.Time.First, Skill.Number.First],
        Skill.Sort.First.Name,
        Skill.Number.First.Name,
        Skill.List.First,
        Skill.Date.Second,
        new RomanNumerals(),
        [Reversal.OfDigits, new BracketClosing()],
        new ExerciseCounts(Train: 4000, Validation: 128, Test: 250, Lacking: 300),
        new TuningSettings(Steps: 3000, BatchSize: 64, LearningRate: 3e-3, EvaluateEvery: 500, Patience: 0),
        new TuningSettings(Steps: 60, BatchSize: 64, LearningRate: 5e-4, EvaluateEvery: 30, Patience: 0),
        new ComparisonEffort([0.25, 0.5], Shares: 3, MostShares: 11, LayerGroups: 2, WithContinued: true),
        CoefficientRange.Default,
        [1, 2, 3]);

    /// <summary>
    /// The same experiment in about a minute, with models that learn next to nothing: it shows that everything works.
    /// </summary>
    public static ExperimentPreset Tiny { get; } = Small with
    {
        Name = "tiny",
        Model = Shape(hidden: 32, intermediate: 64, layers: 2, heads: 2),
        Exercises = new ExerciseCounts(Train: 60, Validation: 8, Test: 10, Lacking: 30),
        Base = new TuningSettings(Steps: 30, BatchSize: 16, LearningRate: 3e-3, EvaluateEvery: 10, Patience: 0),
        FineTune = new TuningSettings(Steps: 10, BatchSize: 16, LearningRate: 1e-3, EvaluateEvery: 5, Patience: 0),
        Effort = new ComparisonEffort([0.5], Shares: 2, MostShares: 3, LayerGroups: 2, WithContinued: true),
        Gate = 0,
        Seeds = [1, 2],
    };

    /// <summary>
    /// The experiment of <c>dem demo</c>: one seed of <see cref="Small"/> without what the four scenes do not show, so that its
    /// models can be shipped with the tool.
    /// </summary>
    public static ExperimentPreset Demo { get; } = Small with
    {
        Name = "demo",
        Lacking = null,
        Exercises = new ExerciseCounts(Train: 4000, Validation: 48, Test: 100, Lacking: 0),
        Effort = new ComparisonEffort([], Shares: 1, MostShares: 1, LayerGroups: 1, WithContinued: false),
        WrongShare = 0,
        Weightings = [0.9],
        Seeds = [1],
    };

    /// <summary>
    /// The experiment of <see cref="Small"/> on mixtures of experts: a router sends each token through two of four MLPs, which
    /// together have as many weights as the one of <see cref="Small"/>. It is smaller: the base is trained for two thirds of the
    /// steps, fewer exercises judge, and mixtures of other tokens and shares are left out.
    /// </summary>
    public static ExperimentPreset Moe { get; } = Small with
    {
        Name = "moe",
        Model = Small.Model with { IntermediateSize = 64, Experts = 4, ExpertsPerToken = 2, TieEmbeddings = false },
        Lacking = null,
        Exercises = new ExerciseCounts(Train: 4000, Validation: 64, Test: 100, Lacking: 0),
        Base = Small.Base with { Steps = 2000 },
        Gate = 0.85,
        Effort = new ComparisonEffort([], Shares: 1, MostShares: 1, LayerGroups: 1, WithContinued: true),
        Seeds = [1, 2],
    };

    /// <summary>All presets that can be chosen by name.</summary>
    public static IReadOnlyList<ExperimentPreset> All { get; } = [Small, Demo, Tiny, Moe];

    /// <summary>Sources that models are tuned on.</summary>
    public IEnumerable<TextSource> Tuned =>
        [.. Sources, Added, Conflict, .. Lacking is null ? [] : new[] { Lacking }];

    /// <summary>All sources that models are judged on.</summary>
    public IEnumerable<TextSource> Judged => [.. Tuned, .. Kept, .. Skill.All.Select(skill => skill.Second).Except(Tuned)];

    /// <summary>Sources of the base's data: both customs of every skill, and what is kept.</summary>
    public ImmutableArray<TextSource> OfBase => [.. Skill.All.SelectMany(skill => skill.Both), .. Kept];

    /// <summary>All that the results depend on, as text. It tells the folders of different experiments apart.</summary>
    public string Identity()
    {
        static string Names(IEnumerable<TextSource> sources) => string.Join(", ", sources.Select(source => source.Name));
        string[] lines =
        [
            $"preset {Name}, {Manifest.ThisEngine}",
            $"sources {Names(Sources)}; withdrawn {Withdrawn}; improved {Improved}; added {Added.Name}; conflict {Conflict.Name}",
            $"lacking {Lacking?.Name}; kept {Names(Kept)}",
            $"{Exercises}",
            $"base {Base}",
            $"tune {FineTune}",
            $"curve {string.Join(", ", Effort.Curve.Select(Text))}; {Effort with { Curve = [] }}",
            $"coefficients {Range}",
            $"gate {Text(Gate)}, wrong {Text(WrongShare)}, rehearsal {Text(Rehearsal)}",
            $"weightings {string.Join(", ", Weightings.Select(Text))}",
            $"seeds {string.Join(", ", Seeds.Select(seed => seed.ToString(CultureInfo.InvariantCulture)))}",
            System.Text.Encoding.UTF8.GetString(Model.ToJson(ElementType.F32)),
        ];
        return string.Join('\n', lines);
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static LlamaConfig Shape(int hidden, int intermediate, int layers, int heads) => new()
    {
        VocabularySize = ByteTokenizer.Instance.VocabularySize,
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        Layers = layers,
        AttentionHeads = heads,
        KeyValueHeads = heads,
        HeadSize = hidden / heads,
        RmsNormEpsilon = 1e-5,
        MaxPositions = 64,
        TieEmbeddings = true,
        BeginOfText = ByteTokenizer.Instance.BeginOfText,
        EndOfText = [ByteTokenizer.Instance.EndOfText],
    };
}

/// <summary>Numbers of exercises of each source.</summary>
/// <param name="Train">Number of training exercises of a tuned model.</param>
/// <param name="Validation">Number of validation exercises, on which choices are made.</param>
/// <param name="Test">Number of test exercises, on which methods are judged.</param>
/// <param name="Lacking">Number of training exercises of the skill that the base lacks.</param>
public sealed record ExerciseCounts(int Train, int Validation, int Test, int Lacking);

/// <summary>What is compared beside the life of the family.</summary>
/// <param name="Curve">Shares of the tokens of all fine-tunes that mixtures of equal shares are trained with, beside 1.</param>
/// <param name="Shares">Number of kinds of shares of which the best mixture is chosen; the first are equal shares.</param>
/// <param name="MostShares">The same in the first seed, where more are tried.</param>
/// <param name="LayerGroups">Number of layer groups that have coefficients of their own in one of the merges; 1 for none.</param>
/// <param name="WithContinued">Whether mixtures that are trained further from the last one are compared.</param>
public sealed record ComparisonEffort(
    ImmutableArray<double> Curve, int Shares, int MostShares, int LayerGroups, bool WithContinued);
