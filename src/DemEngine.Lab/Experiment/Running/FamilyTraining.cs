using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>The models that one seed's run has to train.</summary>
internal sealed class FamilyTraining
{
    /// <summary>Name of the model that all others start from.</summary>
    public const string Base = "base";

    private readonly ExperimentFolder _folder;
    private readonly ExperimentPreset _preset;
    private readonly long _seed;
    private readonly Dictionary<string, MeasuredSet> _validation;

    public FamilyTraining(ExperimentFolder folder, ExperimentPreset preset, long seed)
    {
        (_folder, _preset, _seed) = (folder, preset, seed);
        _validation = preset.Tuned.ToDictionary(
            source => source.Name,
            source => new MeasuredSet(
                DataSetReader.Read(source.Name, folder.Validation(source, seed).Path, ByteTokenizer.Instance, preset.Model),
                [Metric.Loss]));
    }

    /// <summary>Validation set of a source.</summary>
    public MeasuredSet Validation(TextSource source) => _validation[source.Name];

    /// <summary>Name of the model that is tuned on the improved data of the source that is improved.</summary>
    public static string ImprovedName(string source) => $"{source}-improved";

    /// <summary>Name of a mixture trained from the base for an event of the family's life.</summary>
    public static string Mixing(string occasion) => $"mixing-{occasion}";

    /// <summary>Name of a mixture trained further from the last one.</summary>
    public static string Continued(string occasion) => $"continued-{occasion}";

    /// <summary>Number of models that the run trains, the base included.</summary>
    public int Count(int kinds, IEnumerable<FamilyEvent> events)
    {
        FamilyEvent[] all = [.. events];
        int mixtures = all.Sum(one => one.Users.Length) + _preset.Effort.Curve.Length + (kinds - 1);
        int continued = _preset.Effort.WithContinued ? all.Skip(1).Sum(one => one.Users.Length) : 0;
        int improved = all.Any(one => one.IsImproved) ? 1 : 0;
        return 1 + _preset.Tuned.Count() + improved + mixtures + continued + (_preset.Lacking is null ? 0 : 1);
    }

    /// <summary>Task that trains the base. Its cost is that of no method, so that its validation is not counted.</summary>
    public TrainingTask Start() => new(
        _seed,
        Base,
        null,
        _folder.BaseData(_seed),
        _folder.Validation("for-base", _preset.OfBase, _seed),
        0,
        _preset.Base);

    /// <summary>Tasks that tune one model for each source, and one for the improved data.</summary>
    public IEnumerable<TrainingTask> Tuned(bool withImproved)
    {
        foreach (TextSource source in _preset.Tuned)
            yield return Tune(source.Name, source, improved: false);
        if (withImproved)
        {
            TextSource source = _preset.Sources.First(one => one.Name == _preset.Improved);
            yield return Tune(ImprovedName(source.Name), source, improved: true);
        }
    }

    /// <summary>Task that trains a mixture from the base, with as many exercises as tuning on each source alone takes.</summary>
    /// <param name="name">Name of the model.</param>
    /// <param name="shares">Sources with their shares.</param>
    /// <param name="improved">Whether the improved data are used.</param>
    /// <param name="part">Share of those exercises.</param>
    public TrainingTask Mix(string name, ImmutableArray<(TextSource Source, double Share)> shares, bool improved, double part = 1)
    {
        long steps = Math.Max(1, (long)(_preset.FineTune.Steps * TrainedSources(shares) * part));
        return Mix(name, Base, shares, improved, steps);
    }

    /// <summary>Task that trains a mixture further, with twice the exercises of tuning on one source.</summary>
    public TrainingTask Continue(
        string name, string from, ImmutableArray<(TextSource Source, double Share)> shares, bool improved) =>
        Mix(name, from, shares, improved, 2 * _preset.FineTune.Steps);

    // The two conflicting sources stand for one, whose share they divide.
    private int TrainedSources(ImmutableArray<(TextSource Source, double Share)> shares) =>
        shares.Length - (shares.Any(one => one.Source == _preset.Conflict) ? 1 : 0);

    private TrainingTask Mix(
        string name, string from, ImmutableArray<(TextSource Source, double Share)> shares, bool improved, long steps)
    {
        TuningSettings settings = _preset.FineTune with
        {
            Steps = steps,
            EvaluateEvery = Math.Max(1, _preset.FineTune.EvaluateEvery * steps / _preset.FineTune.Steps),
        };
        string data = _folder.Train(name, shares, improved, steps * settings.BatchSize, _seed);
        return Task(name, from, data, [.. shares.Select(one => one.Source)], settings);
    }

    private TrainingTask Tune(string name, TextSource source, bool improved)
    {
        TuningSettings settings = _preset.FineTune;
        string data = _folder.Train(name, [(source, 1)], improved, settings.Steps * settings.BatchSize, _seed);
        return Task(name, Base, data, [source], settings);
    }

    private TrainingTask Task(string name, string? start, string data, TextSource[] judgedOn, TuningSettings settings) => new(
        _seed,
        name,
        start,
        data,
        judgedOn.Length == 1
            ? _folder.Validation(judgedOn[0], _seed).Path
            : _folder.Validation($"for-{name}", judgedOn, _seed),
        judgedOn.Sum(source => _validation[source.Name].Data.Examples.Sum(example => example.Tokens.Length - 1L)),
        settings);
}
