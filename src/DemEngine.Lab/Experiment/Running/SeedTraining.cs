using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>What one seed's run has to train.</summary>
internal sealed class SeedTraining
{
    /// <summary>Name of the model that all others start from.</summary>
    public const string Base = "base";

    private readonly ExperimentFolder _folder;
    private readonly ExperimentPreset _preset;
    private readonly long _seed;
    private readonly Dictionary<string, MeasuredSet> _validation;

    public SeedTraining(ExperimentFolder folder, ExperimentPreset preset, long seed)
    {
        (_folder, _preset, _seed) = (folder, preset, seed);
        _validation = preset.Tuned.ToDictionary(
            plan => plan.Name,
            plan => new MeasuredSet(
                DataSetReader.Read(plan.Name, folder.Validation(plan, seed).Path, ByteTokenizer.Instance, preset.Model), [Metric.Loss]));
    }

    /// <summary>Models of one run.</summary>
    public static int Count(ExperimentPreset preset) => 1 + preset.Tuned.Count() + Proportions.Kinds.Length + 1;

    /// <summary>Name of a mixture's model.</summary>
    public static string Mixture(string kind) => $"mixing-{kind}";

    /// <summary>Name of the model of the mixture with the added source.</summary>
    public static string LargerMixture(string kind) => $"mixing-six-{kind}";

    /// <summary>A source's validation set.</summary>
    public MeasuredSet Validation(SourcePlan plan) => _validation[plan.Name];

    /// <summary>The base.</summary>
    public TrainingTask Start() => Task(Base, null, _folder.BaseData(_seed), [.. _preset.Tuned], _preset.Base);

    /// <summary>A model for each source.</summary>
    public IEnumerable<TrainingTask> Tuned() =>
        _preset.Tuned.Select(plan => Task(plan.Name, Base, _folder.Train(plan, _seed), [plan], _preset.FineTune));

    /// <summary>A model for each kind of mixture.</summary>
    /// <param name="losses">The base's, on each source.</param>
    public IEnumerable<TrainingTask> Mixtures(IReadOnlyList<double> losses) =>
        Proportions.Kinds.Select(kind => Mix(Mixture(kind), kind, [.. _preset.Sources], losses));

    /// <summary>A model for the mixture of one source more.</summary>
    /// <param name="kind">Of the proportions.</param>
    /// <param name="losses">The base's, on each source.</param>
    public TrainingTask WithAdded(string kind, IReadOnlyList<double> losses) => Mix(LargerMixture(kind), kind, [.. _preset.Tuned], losses);

    /// <summary>As many steps as tuning on each source by itself, so that neither way sees more.</summary>
    private TrainingTask Mix(string name, string kind, SourcePlan[] plans, IReadOnlyList<double> losses)
    {
        TuningSettings settings = _preset.FineTune with { Steps = _preset.FineTune.Steps * plans.Length };
        string data = _folder.Mixture(name, plans, Proportions.Of(kind, plans, losses), settings.Steps * settings.BatchSize, _seed);
        return Task(name, Base, data, plans, settings);
    }

    private TrainingTask Task(string name, string? start, string data, SourcePlan[] judgedOn, TuningSettings settings) => new(
        _seed, name, start, data,
        judgedOn.Length == 1 ? _folder.Validation(judgedOn[0], _seed).Path : _folder.Validation($"all-{judgedOn.Length}", judgedOn, _seed),
        judgedOn.Sum(plan => _validation[plan.Name].Data.Examples.Sum(example => example.Tokens.Length - 1L)),
        settings);
}
