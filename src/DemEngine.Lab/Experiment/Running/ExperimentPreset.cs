using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Lab.Experiment.Sources;
using DemEngine.Numerics;
using DemEngine.Search.Space;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>A source's part in an experiment.</summary>
/// <param name="Source">Source that draws the exercises.</param>
/// <param name="Role">Role of the source in the experiment, in a few words.</param>
/// <param name="BaseExamples">Number of exercises that the base is trained on.</param>
/// <param name="TrainExamples">Number of exercises that a model is tuned on.</param>
/// <param name="ValidationExamples">Number of validation exercises, on which choices are made.</param>
/// <param name="TestExamples">Number of test exercises, on which methods are judged.</param>
public sealed record SourcePlan(
    TextSource Source,
    string Role,
    int BaseExamples,
    int TrainExamples,
    int ValidationExamples,
    int TestExamples)
{
    /// <summary>Name of the source.</summary>
    public string Name => Source.Name;
}

/// <summary>All settings that an experiment's results depend on, apart from the machine.</summary>
/// <param name="Name">Name of the preset on the command line.</param>
/// <param name="Model">Configuration of the models.</param>
/// <param name="Sources">
/// Sources that models are tuned on. The first three are also those of the experiments with few vectors.
/// </param>
/// <param name="Added">Source that is added later.</param>
/// <param name="Transfer">Source that the base has not seen and no model is tuned on.</param>
/// <param name="Base">Training settings of the base.</param>
/// <param name="FineTune">
/// Training settings of a model tuned on one source. Tuning on a mixture of n sources takes n times as many steps.
/// </param>
/// <param name="Range">Range of the coefficients that are tried.</param>
/// <param name="CoarseRange">
/// Range of the coefficients in the experiment with three vectors, where every combination is tried.
/// </param>
/// <param name="Seeds">Seeds of the runs; each seed is one complete run.</param>
public sealed record ExperimentPreset(
    string Name,
    LlamaConfig Model,
    ImmutableArray<SourcePlan> Sources,
    SourcePlan Added,
    SourcePlan Transfer,
    TuningSettings Base,
    TuningSettings FineTune,
    CoefficientRange Range,
    CoefficientRange CoarseRange,
    ImmutableArray<long> Seeds)
{
    /// <summary>The experiment of the documentation; it takes under an hour on two cores.</summary>
    public static ExperimentPreset Small { get; } = new(
        "small",
        Shape(hidden: 128, intermediate: 344, layers: 4, heads: 4),
        [
            new SourcePlan(Reversal.OfLetters, "strings", 1200, 6000, 64, 200),
            new SourcePlan(new DigitSorting(), "strings", 1200, 6000, 64, 200),
            new SourcePlan(new Dates(DateOrder.DayFirst), "conflicts with date-us", 1200, 6000, 64, 200),
            new SourcePlan(new Dates(DateOrder.MonthFirst), "conflicts with date-eu", 1200, 6000, 64, 200),
            new SourcePlan(new RomanNumerals(), "rare: a twentieth of the others", 60, 300, 64, 80),
        ],
        new SourcePlan(new ModularSums(), "added later", 1200, 6000, 64, 200),
        new SourcePlan(Reversal.OfDigits, "transfer: no model has seen it", 0, 0, 0, 200),
        new TuningSettings(Steps: 1000, BatchSize: 64, LearningRate: 2e-3, EvaluateEvery: 100, Patience: 5),
        new TuningSettings(Steps: 150, BatchSize: 64, LearningRate: 2e-4, EvaluateEvery: 25, Patience: 3),
        CoefficientRange.Default,
        CoefficientRange.Of(0, 0.9, 0.3),
        [1, 2, 3]);

    /// <summary>
    /// The same experiment in about a minute, with models that learn next to nothing: it shows that everything works.
    /// </summary>
    public static ExperimentPreset Tiny { get; } = Small with
    {
        Name = "tiny",
        Model = Shape(hidden: 32, intermediate: 64, layers: 2, heads: 2),
        Sources = [.. Small.Sources.Select(Cut)],
        Added = Cut(Small.Added),
        Transfer = Cut(Small.Transfer),
        Base = new TuningSettings(Steps: 30, BatchSize: 16, LearningRate: 3e-3, EvaluateEvery: 10, Patience: 3),
        FineTune = new TuningSettings(Steps: 10, BatchSize: 16, LearningRate: 1e-3, EvaluateEvery: 5, Patience: 2),
        Range = CoefficientRange.Of(0, 1, 0.25),
        CoarseRange = CoefficientRange.Of(0, 1, 0.5),
        Seeds = [1, 2],
    };

    /// <summary>
    /// The experiment of <c>dem demo</c>, with models small enough to be shipped with the tool and sources that do not conflict.
    /// </summary>
    public static ExperimentPreset Demo { get; } = Small with
    {
        Name = "demo",
        Model = Shape(hidden: 48, intermediate: 128, layers: 2, heads: 4),
        Sources =
        [
            new SourcePlan(Reversal.OfLetters, "strings", 1200, 6000, 32, 80),
            new SourcePlan(new DigitSorting(), "strings", 1200, 6000, 32, 80),
            new SourcePlan(new Dates(DateOrder.DayFirst), "formats", 1200, 6000, 32, 80),
            new SourcePlan(new BracketClosing(), "nesting", 1200, 6000, 32, 80),
        ],
        Added = new SourcePlan(new LetterShift(), "added later", 1200, 6000, 32, 80),
        Transfer = Small.Transfer with { TestExamples = 80 },
        Seeds = [1],
    };

    /// <summary>All presets that can be chosen by name.</summary>
    public static IReadOnlyList<ExperimentPreset> All { get; } = [Small, Demo, Tiny];

    /// <summary>Sources that models are tuned on, the added one last.</summary>
    public IEnumerable<SourcePlan> Tuned => Sources.Append(Added);

    /// <summary>All sources.</summary>
    public IEnumerable<SourcePlan> Everything => Tuned.Append(Transfer);

    /// <summary>All that the results depend on, as text. It tells the folders of different experiments apart.</summary>
    public string Identity()
    {
        IEnumerable<string> sources = Everything.Select(plan =>
            $"source {plan.Name}: base {plan.BaseExamples}, train {plan.TrainExamples}, "
            + $"validation {plan.ValidationExamples}, test {plan.TestExamples}");
        string[] lines =
        [
            $"preset {Name}, {Manifest.ThisEngine}",
            .. sources,
            $"added {Added.Name}, transfer {Transfer.Name}",
            $"base {Base}",
            $"tune {FineTune}",
            $"coefficients {Range} and {CoarseRange}",
            $"seeds {string.Join(", ", Seeds.Select(seed => seed.ToString(CultureInfo.InvariantCulture)))}",
            System.Text.Encoding.UTF8.GetString(Model.ToJson(ElementType.F32)),
        ];
        return string.Join('\n', lines);
    }

    private static SourcePlan Cut(SourcePlan plan) => plan with
    {
        BaseExamples = Math.Min(plan.BaseExamples, 40),
        TrainExamples = Math.Min(plan.TrainExamples, 60),
        ValidationExamples = Math.Min(plan.ValidationExamples, 8),
        TestExamples = Math.Min(plan.TestExamples, 10),
    };

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
