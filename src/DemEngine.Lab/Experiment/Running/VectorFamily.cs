using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Evaluation;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;
using DemEngine.Search;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>Coefficients that a search chose, and their cost.</summary>
/// <param name="Best">Best trial of the search.</param>
/// <param name="Trials">Number of trials in the search.</param>
/// <param name="Cost">Cost of all trials of the search.</param>
internal sealed record ChosenCoefficients(Trial Best, int Trials, MethodCost Cost)
{
    /// <summary>Chosen coefficients, one for each vector.</summary>
    public double[] Values => [.. Best.Coefficients.BySource.Select(values => values[0])];
}

/// <summary>How coefficients are searched.</summary>
/// <param name="Strategy">Strategy that chooses candidates.</param>
/// <param name="Budget">Largest number of candidates, and largest time.</param>
internal sealed record CoefficientSearch(StrategyKind Strategy, SearchBudget Budget)
{
    /// <summary>By the slopes of the losses, until no step promises anything.</summary>
    public static CoefficientSearch BySlopes { get; } = new(StrategyKind.Gradient, new SearchBudget(null, null));

    /// <summary>Whether all vectors share one coefficient.</summary>
    public bool Shared { get; init; }

    /// <summary>Number of layer groups with coefficients of their own.</summary>
    public int LayerGroups { get; init; } = 1;
}

/// <summary>
/// A base and the models tuned from it, merged in memory with searched or given coefficients: Θ + Σ ωᵢ·ΔΘᵢ.
/// </summary>
internal sealed class VectorFamily : IDisposable
{
    private const string CandidateName = "candidate";

    // A forward and a backward pass, in forward passes.
    private const long PassesOfSlopes = 3;

    private readonly Recipe _recipe;
    private readonly MemoryMerge _merge;
    private readonly IModelEvaluator _evaluator;
    private readonly ImmutableArray<MeasuredSet> _validation;
    private readonly Objective _objective;
    private readonly string _folder;
    private readonly IMergeBackend _backend;
    private readonly RunOptions _options;
    private MergeDirections? _directions;
    private bool _isScaled;

    /// <summary>Opens the models.</summary>
    /// <param name="start">Base model.</param>
    /// <param name="models">Models tuned from the base.</param>
    /// <param name="validation">
    /// Validation sets; coefficients are chosen by the mean regret on them, see <see cref="ObjectiveKind.Regret"/>.
    /// </param>
    /// <param name="weights">Weights of the sets by name; a set that is not named has weight 1.</param>
    /// <param name="evaluator">Evaluator on the validation sets; disposed with this object.</param>
    /// <param name="folder">Folder where the trials are logged.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="threads">Number of threads that merge and evaluate.</param>
    public VectorFamily(
        TrainedModel start,
        IEnumerable<TrainedModel> models,
        ImmutableArray<MeasuredSet> validation,
        IReadOnlyDictionary<string, double> weights,
        IModelEvaluator evaluator,
        string folder,
        IMergeBackend backend,
        int threads)
    {
        _objective = new Objective(ObjectiveKind.Regret, Metric.Loss, weights);
        _options = new RunOptions { Threads = threads };
        _backend = backend;
        _folder = folder;
        _validation = validation;
        _recipe = new Recipe
        {
            MergeMethod = "dem",
            BaseModel = new ModelPath(start.Path),
            Models = [.. models.Select(model => new RecipeModel(PathOf(model)))],
        };
        _merge = MemoryMerge.Open(_recipe, new AlignmentOptions(), backend, _options);
        _evaluator = evaluator;
    }

    private int Count => _recipe.Models.Count;

    /// <summary>Searches coefficients.</summary>
    /// <param name="range">Range of every coefficient.</param>
    /// <param name="from">Coefficients to begin with.</param>
    /// <param name="how">How they are searched.</param>
    /// <param name="progress">Progress callback.</param>
    /// <param name="cancel">Token that stops the search.</param>
    public ChosenCoefficients Search(
        CoefficientRange range,
        IEnumerable<double> from,
        CoefficientSearch how,
        Action<double, string> progress,
        CancellationToken cancel)
    {
        CoefficientMap map = Map(
            new CoefficientOptions { Range = range, Shared = how.Shared, LayerGroups = how.LayerGroups }, from);
        bool hasSlopes = how.Strategy == StrategyKind.Gradient;
        using TrialLog log = OpenLog(map);
        if (hasSlopes)
            _directions ??= new MergeDirections(_recipe, map, new AlignmentOptions(), _backend, _options, cancel);
        using var runner = new TrialRunner(_merge, map, _evaluator, _objective, log, _backend, _options, _folder)
        {
            Directions = hasSlopes ? _directions : null,
        };
        var asked = new Dictionary<Coefficients, Trial>();
        var scale = new Dictionary<Coefficients, Trial>(); // The base and each source alone, a forward pass each, once.
        runner.MeasureRegrets(trial => _ = _isScaled || scale.TryAdd(trial.Coefficients, trial), cancel);
        _isScaled = true;
        WeightSearch.Run(
            how.Strategy.Begin(map.Space, 0),
            map,
            runner,
            how.Budget,
            step =>
            {
                asked[step.Latest.Coefficients] = step.Latest;
                progress(0, $"{asked.Count} candidates, best mean regret {step.Best?.Objective:0.0000}");
            },
            cancel);

        // The log may hold trials of an earlier search in the same ranges that this one did not ask for. They do not count.
        Trial best = asked.Values.Where(trial => trial.Succeeded).MinBy(trial => trial.Objective)!;
        long tokens = _validation.Sum(set => set.Data.Examples.Sum(example => example.Tokens.Length - 1L));

        long passes = ((hasSlopes ? PassesOfSlopes : 1) * asked.Count) + scale.Count;
        double seconds = asked.Values.Concat(scale.Values).Sum(trial => trial.Seconds);
        return new ChosenCoefficients(best, asked.Count, new MethodCost(0, passes * tokens, seconds));
    }

    /// <summary>Evaluates losses along one coefficient, with the others as chosen.</summary>
    public CoefficientCurve Along(
        string name, CoefficientRange range, IReadOnlyList<double> chosen, int which, CancellationToken cancel) =>
        Curve(name, range, value => chosen.Select((one, k) => k == which ? value : one), chosen[which], cancel);

    /// <summary>Evaluates losses along one coefficient that all vectors share.</summary>
    public CoefficientCurve Along(string name, CoefficientRange range, double chosen, CancellationToken cancel) =>
        Curve(name, range, value => Enumerable.Repeat(value, Count), chosen, cancel);

    /// <summary>Evaluates the merge with given coefficients.</summary>
    public ModelScores Judge(IEnumerable<double> coefficients, IModelEvaluator evaluator, CancellationToken cancel) =>
        Judge(Coefficients.Of(coefficients), 1, evaluator, cancel);

    /// <summary>Evaluates the merge with coefficients of several layer groups.</summary>
    public ModelScores Judge(Coefficients coefficients, int layerGroups, IModelEvaluator evaluator, CancellationToken cancel)
    {
        CoefficientMap map = Map(new CoefficientOptions { LayerGroups = layerGroups }, Enumerable.Repeat(0.0, Count));
        Recipe recipe = map.Apply(coefficients);
        using var candidate = new Candidate(
            _merge,
            recipe,
            new CandidateGroup(_merge, recipe, [], _options),
            index: 0,
            new Lock(),
            Path.Combine(_folder, CandidateName),
            _backend,
            _options,
            cancel);
        return evaluator.Evaluate(candidate, cancel);
    }

    /// <summary>Returns the text of a recipe that <c>dem merge</c> takes.</summary>
    /// <param name="coefficients">Coefficients of the recipe.</param>
    /// <param name="folder">Folder where the recipe file will be.</param>
    public string RecipeWith(IEnumerable<double> coefficients, string folder) =>
        "# The family as it is built, with coefficients by the slopes of the losses.\n"
        + Map(new CoefficientOptions(), Enumerable.Repeat(0.0, Count))
            .Apply(Coefficients.Of(coefficients))
            .WithPaths(path => path with
            {
                Written = path.Adapted is { } adapted
                    ? $"{Relative(folder, adapted.Model)}+{Relative(folder, adapted.Adapter)}"
                    : Relative(folder, path.Resolved),
            })
            .ToYaml();

    public void Dispose()
    {
        _evaluator.Dispose();
        _merge.Dispose();
    }

    // A model that is tuned as an adapter has the path of its base before that of the adapter.
    private static ModelPath PathOf(TrainedModel model) =>
        Path.Exists(model.Path) || AdaptedPath.Find(model.Path) is not { } adapted
            ? new ModelPath(model.Path)
            : new ModelPath(model.Path) { Adapted = adapted };

    private static string Relative(string folder, string path) => Path.GetRelativePath(folder, path).Replace('\\', '/');

    private CoefficientCurve Curve(
        string name, CoefficientRange range, Func<double, IEnumerable<double>> at, double chosen, CancellationToken cancel)
    {
        CoefficientMap map = Map(new CoefficientOptions(), Enumerable.Repeat(0.0, Count));
        using TrialLog log = OpenLog(map);
        TrialRunner runner = Runner(map, log);
        double[] values =
        [
            .. Enumerable.Range(0, (int)range.GridCount)
                .Select(k => range.At(k))
                .Append(chosen)
                .Select(value => Math.Round(value, 6))
                .Distinct()
                .Order(),
        ];
        Coefficients[] along = [.. values.Select(value => Coefficients.Of(at(value)))];
        runner.Expect(along);
        Trial[] trials = [.. along.Select(coefficients => runner.Try(coefficients, cancel))];
        return new CoefficientCurve(
            name,
            [.. values],
            [
                .. _validation.Select(set => new CurveLine(set.Data.Name, [.. trials.Select(trial => trial[set.Data.Name])])),
                new CurveLine("mean", [.. trials.Select(trial => trial.Scores.Average(score => score.Value))]),
            ],
            chosen);
    }

    private CoefficientMap Map(CoefficientOptions options, IEnumerable<double> start) => new(
        _recipe with
        {
            Models =
            [
                .. _recipe.Models.Zip(start, (model, value) =>
                    model with { Parameters = new ParameterScope([new Parameter("weight", new NumberValue(value))]) }),
            ],
        },
        _merge.TensorNames,
        options);

    private TrialLog OpenLog(CoefficientMap map)
    {
        Directory.CreateDirectory(_folder);
        return TrialLog.Open(_folder, SearchProblem.Of(
            _recipe,
            map,
            _merge.Inputs,
            new AlignmentOptions(),
            SearchProblem.BuiltInJudge(Metric.Loss),
            _validation.Select(set => set.Data)));
    }

    private TrialRunner Runner(CoefficientMap map, TrialLog log) =>
        new(_merge, map, _evaluator, _objective, log, _backend, _options, _folder);
}
