using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>The models that one seed's run has to train.</summary>
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
                DataSetReader.Read(plan.Name, folder.Validation(plan, seed).Path, ByteTokenizer.Instance, preset.Model),
                [Metric.Loss]));
    }

    /// <summary>Number of models of one run.</summary>
    public static int Count(ExperimentPreset preset) => 1 + preset.Tuned.Count() + Proportions.Kinds.Length + 1;

    /// <summary>Name of the model trained on a mixture.</summary>
    public static string Mixture(string kind) => $"mixing-{kind}";

    /// <summary>Name of the model trained on a mixture that includes the added source.</summary>
    public static string LargerMixture(string kind) => $"mixing-six-{kind}";

    /// <summary>Validation set of a source.</summary>
    public MeasuredSet Validation(SourcePlan plan) => _validation[plan.Name];

    /// <summary>Task that trains the base.</summary>
    public TrainingTask Start() => Task(Base, null, _folder.BaseData(_seed), [.. _preset.Tuned], _preset.Base);

    /// <summary>Tasks that tune one model for each source.</summary>
    public IEnumerable<TrainingTask> Tuned() =>
        _preset.Tuned.Select(plan => Task(plan.Name, Base, _folder.Train(plan, _seed), [plan], _preset.FineTune));

    /// <summary>Tasks that train one model for each kind of mixture.</summary>
    /// <param name="losses">Validation loss of the base on each source.</param>
    public IEnumerable<TrainingTask> Mixtures(IReadOnlyList<double> losses) =>
        Proportions.Kinds.Select(kind => Mix(Mixture(kind), kind, [.. _preset.Sources], losses));

    /// <summary>Task that trains a model on a mixture that includes the added source.</summary>
    /// <param name="kind">Kind of the proportions.</param>
    /// <param name="losses">Validation loss of the base on each source.</param>
    public TrainingTask WithAdded(string kind, IReadOnlyList<double> losses) =>
        Mix(LargerMixture(kind), kind, [.. _preset.Tuned], losses);

    /// <summary>
    /// Task that trains on a mixture. It takes as many steps as tuning on each source separately, so that both see equally many
    /// examples.
    /// </summary>
    private TrainingTask Mix(string name, string kind, SourcePlan[] plans, IReadOnlyList<double> losses)
    {
        TuningSettings settings = _preset.FineTune with { Steps = _preset.FineTune.Steps * plans.Length };
        string data = _folder.Mixture(
            name, plans, Proportions.Of(kind, plans, losses), settings.Steps * settings.BatchSize, _seed);
        return Task(name, Base, data, plans, settings);
    }

    private TrainingTask Task(string name, string? start, string data, SourcePlan[] judgedOn, TuningSettings settings) => new(
        _seed,
        name,
        start,
        data,
        judgedOn.Length == 1
            ? _folder.Validation(judgedOn[0], _seed).Path
            : _folder.Validation($"all-{judgedOn.Length}", judgedOn, _seed),
        judgedOn.Sum(plan => _validation[plan.Name].Data.Examples.Sum(example => example.Tokens.Length - 1L)),
        settings);
}
