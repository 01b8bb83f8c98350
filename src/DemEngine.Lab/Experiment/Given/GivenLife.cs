using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Evaluation;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Search;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;

namespace DemEngine.Lab.Experiment.Given;

/// <summary>Judges a family of models on given data as it is built, as a source is added, and as one is withdrawn.</summary>
internal sealed class GivenLife(
    string folder,
    GivenSettings settings,
    GivenData data,
    IReadOnlyDictionary<string, TrainedModel> models,
    IMergeBackend backend,
    ExperimentMeter meter,
    CancellationToken cancel)
{
    private readonly int _threads = settings.Training.Threads;

    /// <summary>Path of the recipe of the family as it is built.</summary>
    public static string RecipeIn(string folder) => Path.Combine(folder, "recipe.yaml");

    /// <summary>Makes the table of the family as it is built, and one for each event.</summary>
    public (ResultTable Built, ImmutableArray<ResultTable> Life) Run()
    {
        using IModelEvaluator tester = GivenExperiment.Evaluator(
            settings, data.Config, data.Test(settings.Sources), _threads);
        ModelScores Judge(string path)
        {
            using Checkpoint checkpoint = ModelWeights.Open(path);
            return tester.Evaluate(new CheckpointWeights(checkpoint), cancel);
        }

        ModelScores start = Judge(settings.Base);
        ModelScores[] tuned = [.. settings.Sources.Select(source => Judge(models[source.Name].Path))];
        Findings main = Table("The family as it is built", "On test data.", settings.Built);
        main.Add("base", "The base.", MethodKind.Base, Run(settings.Built, [start], default));
        MethodCost tuning = SeedRun.Sum(settings.Built.Select(source => models[source.Name].Cost));
        main.Add(
            "each source's own model",
            "On each source the model tuned on it alone; beside the family their mean.",
            MethodKind.FineTune,
            Own(tuned, tuning));

        using VectorFamily built = Open("build", settings.Built), all = Open("add", settings.Sources);
        double[] average = [.. settings.Built.Select(_ => 1.0 / settings.Built.Length)];
        main.Add(
            "plain average",
            "Nothing is searched.",
            MethodKind.FixedMerge,
            Run(settings.Built, [built.Judge(average, tester, cancel)], tuning));
        ChosenCoefficients first = Search(built, "build", average, settings.Built.Length);
        ReportFile.Write(RecipeIn(folder), built.RecipeWith(first.Values, folder));
        double[] from = [.. first.Values, 1.0 / settings.Sources.Length];
        ChosenCoefficients second = Search(all, "add", from, settings.Sources.Length);
        double[] left = [0, .. second.Values[1..]];

        MethodCost ofAdded = models[settings.Sources[^1].Name].Cost;
        (string Name, ImmutableArray<GivenSource> Sources, ModelScores Merged, MethodCost Cost, string Continued)[] events =
        [
            ("build", settings.Built, built.Judge(first.Values, tester, cancel), tuning + first.Cost, "mixing-build"),
            ("add", settings.Sources, all.Judge(second.Values, tester, cancel), ofAdded + second.Cost, "continued-add"),
            ("withdraw", settings.Left, all.Judge(left, tester, cancel), default, "continued-withdraw"),
        ];
        var life = ImmutableArray.CreateBuilder<ResultTable>();
        foreach (var (name, sources, merged, cost, further) in events)
        {
            Findings table = Table(name, Describe(name), sources);
            MethodRun Of(string model) => Run(sources, [Judge(models[model].Path)], models[model].Cost);
            MethodRun dem = Run(sources, [merged], cost), again = Of($"mixing-{name}");
            table.Add("base", "The base.", MethodKind.Base, Run(sources, [start], default));
            table.Add("DEM", "Models tuned for the event, and coefficients.", MethodKind.Dem, dem);
            table.Add("mixing, trained again", "From the base, on all sources.", MethodKind.Mixing, again);
            table.Add("mixing, continued", "The last mixture, trained further.", MethodKind.Mixing, Of(further));
            life.Add(table.ToTable());
            if (name == "build")
            {
                main.Add("DEM, one each", "A coefficient for each vector.", MethodKind.Dem, dem);
                main.Add("mixing, equal shares", "One model on all sources.", MethodKind.Mixing, again);
            }
        }

        return (main.ToTable(), life.DrainToImmutable());
    }

    private Findings Table(string name, string note, ImmutableArray<GivenSource> sources) =>
        new(name, note, [.. Columns(sources)], sources.Length);

    // The family's sources come first; what is beside it shows what is forgotten, or is known before it is taught.
    private IEnumerable<string> Columns(ImmutableArray<GivenSource> sources) =>
        sources.Concat(settings.Sources.Except(sources)).Select(source => source.Name);

    private string Describe(string name) => name switch
    {
        "add" => $"{settings.Sources[^1].Name} is added",
        "withdraw" => $"{settings.Sources[0].Name} is withdrawn and must be forgotten",
        _ => $"{settings.Built.Length} sources",
    };

    private MethodRun Run(ImmutableArray<GivenSource> sources, ModelScores[] scores, MethodCost cost)
    {
        ImmutableArray<double> Values(Metric metric) => [.. Columns(sources).Select(column => scores[0][column, metric])];
        return new MethodRun(settings.Training.Seed, Values(Metric.ExactMatch), Values(Metric.Loss), cost);
    }

    private MethodRun Own(ModelScores[] tuned, MethodCost cost)
    {
        string[] names = [.. settings.Built.Select(source => source.Name)];
        ImmutableArray<double> Values(Metric metric) =>
        [
            .. Columns(settings.Built).Select(column => Array.IndexOf(names, column) is var k and >= 0
                ? tuned[k][column, metric]
                : tuned.Take(names.Length).Average(scores => scores[column, metric])),
        ];
        return new MethodRun(settings.Training.Seed, Values(Metric.ExactMatch), Values(Metric.Loss), cost);
    }

    private VectorFamily Open(string name, ImmutableArray<GivenSource> sources) => new(
        new TrainedModel(settings.Base, default),
        sources.Select(source => models[source.Name]),
        data.Validation(sources),
        new Dictionary<string, double>(),
        GivenExperiment.Evaluator(settings, data.Config, data.Validation(sources), _threads),
        Path.Combine(folder, "searches", name),
        backend,
        _threads);

    // Slopes would need all vectors in memory.
    private ChosenCoefficients Search(VectorFamily family, string name, double[] from, int sources)
    {
        string stage = $"coefficients, {name}";
        ChosenCoefficients found = family.Search(
            CoefficientRange.Default,
            from,
            new CoefficientSearch(StrategyKind.Surrogate, new SearchBudget(GivenExperiment.MostTrials(sources), null)),
            (share, detail) => meter.Report(stage, share, detail),
            cancel);
        meter.Complete(stage);
        return found;
    }
}
