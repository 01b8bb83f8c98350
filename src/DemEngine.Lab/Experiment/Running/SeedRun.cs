using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>The models of one seed's run once they are trained, and what merges and judges them.</summary>
/// <param name="folder">Folder of the experiment.</param>
/// <param name="preset">Preset of the experiment.</param>
/// <param name="training">The run's models as they were trained.</param>
/// <param name="models">Trained models of all runs.</param>
/// <param name="meter">Meter that progress is reported to.</param>
/// <param name="tester">Evaluator on test data.</param>
/// <param name="backend">Backend that computes the merges.</param>
/// <param name="threads">Number of threads that merge and evaluate.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="cancel">Token that stops the run.</param>
internal sealed class SeedRun(
    ExperimentFolder folder,
    ExperimentPreset preset,
    FamilyTraining training,
    TrainingStages models,
    ExperimentMeter meter,
    IModelEvaluator tester,
    IMergeBackend backend,
    int threads,
    long seed,
    CancellationToken cancel)
{
    public ExperimentPreset Preset => preset;

    public long Seed => seed;

    public CancellationToken Cancel => cancel;

    /// <summary>Evaluator on test data.</summary>
    public IModelEvaluator Tester => tester;

    /// <summary>Adds up costs.</summary>
    public static MethodCost Sum(IEnumerable<MethodCost> costs) =>
        costs.Aggregate(default(MethodCost), (sum, cost) => sum + cost);

    /// <summary>Describes coefficients in words.</summary>
    public static string Describe(IEnumerable<TextSource> sources, IEnumerable<double> coefficients) =>
        string.Join(
            ", ", sources.Zip(coefficients, (source, value) => FormattableString.Invariant($"{source.Name} {value:0.###}")));

    /// <summary>A trained model of the run.</summary>
    public TrainedModel Model(string name) => models[seed, name];

    /// <summary>Judges a model on test data.</summary>
    public ModelScores Judge(string name) => Judge(Model(name));

    /// <summary>Judges a model on test data.</summary>
    public ModelScores Judge(TrainedModel model)
    {
        using var checkpoint = Checkpoint.Open(model.Path);
        return tester.Evaluate(new CheckpointWeights(checkpoint), cancel);
    }

    /// <summary>Evaluates a model's validation loss on each source.</summary>
    public ImmutableArray<double> Losses(string name, IEnumerable<TextSource> sources)
    {
        using IModelEvaluator evaluator = models.CreateEvaluator(preset.Model, sources.Select(training.Validation));
        using var checkpoint = Checkpoint.Open(Model(name).Path);
        return [.. evaluator.Evaluate(new CheckpointWeights(checkpoint), cancel).Scores.Select(score => score.Value)];
    }

    /// <summary>Opens the vectors of some sources.</summary>
    /// <param name="name">Name of the folder of the trials.</param>
    /// <param name="sources">Sources.</param>
    /// <param name="improved">Whether the vector of the improved source is the improved one.</param>
    /// <param name="weights">Weights of the validation sets by name.</param>
    public VectorFamily Open(
        string name, IReadOnlyList<TextSource> sources, bool improved, IReadOnlyDictionary<string, double> weights) => new(
            Model(FamilyTraining.Base),
            sources.Select(source => Model(
                improved && source.Name == preset.Improved ? FamilyTraining.ImprovedName(source.Name) : source.Name)),
            [.. sources.Select(training.Validation)],
            weights,
            models.CreateEvaluator(preset.Model, sources.Select(training.Validation)),
            folder.PathOf(seed, "searches", name),
            backend,
            threads);

    /// <summary>Opens the vector of one model that is judged on the validation sets of several sources.</summary>
    public VectorFamily OpenAlone(string name, string model, IEnumerable<TextSource> sources) => new(
        Model(FamilyTraining.Base),
        [Model(model)],
        [.. sources.Select(training.Validation)],
        new Dictionary<string, double>(),
        models.CreateEvaluator(preset.Model, sources.Select(training.Validation)),
        folder.PathOf(seed, "searches", name),
        backend,
        threads);

    /// <summary>Searches a coefficient for each vector, or one for all, or one for each and layer group.</summary>
    public ChosenCoefficients Search(
        VectorFamily family, string what, IEnumerable<double> from, bool shared = false, int layerGroups = 1)
    {
        string stage = $"seed {seed}: coefficients, {what}";
        ChosenCoefficients found = family.Search(
            preset.Range,
            from,
            CoefficientSearch.BySlopes with { Shared = shared, LayerGroups = layerGroups },
            (share, detail) => meter.Report(stage, share, detail),
            cancel);
        meter.Complete(stage);
        return found;
    }

    /// <summary>Writes the recipe of a merge.</summary>
    public void WriteRecipe(VectorFamily family, IEnumerable<double> coefficients)
    {
        string file = folder.Recipe(seed);
        ReportFile.Write(file, family.RecipeWith(coefficients, Path.GetDirectoryName(file)!));
    }
}
