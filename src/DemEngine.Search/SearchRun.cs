using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Gradients;
using DemEngine.Files;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Search.Reports;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>Runs a whole search, from a recipe to the same recipe with the best coefficients.</summary>
public static class SearchRun
{
    /// <summary>Name of the recipe's file in the search's folder.</summary>
    public const string RecipeName = "recipe.yaml";

    /// <summary>Name of the folder with the recipes that no other is better than on every set.</summary>
    public const string ParetoFolder = "pareto";

    /// <summary>
    /// Searches for the best coefficients of a recipe. A search that was stopped, or whose inputs changed, continues with the
    /// trials in the folder that are still valid.
    /// </summary>
    /// <param name="recipe">Recipe to merge, its paths resolved.</param>
    /// <param name="output">Folder for trials and results; it is created, or is that of an earlier search.</param>
    /// <param name="judge">Judge that evaluates the candidates.</param>
    /// <param name="options">Search options.</param>
    /// <param name="backend">Backend that computes the candidates.</param>
    /// <param name="progress">Progress callback; called after each trial.</param>
    /// <param name="cancel">Token that stops the search; completed trials are kept in the log.</param>
    /// <exception cref="DemException">
    /// Any error in the recipe, its models, the data or the options. DEM4121 (NoTrialSucceeded): every trial failed.
    /// </exception>
    public static SearchReport Run(
        Recipe recipe,
        string output,
        SearchJudge judge,
        SearchOptions options,
        IMergeBackend backend,
        Action<SearchProgress>? progress = null,
        CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        if (options.Jobs > 1 && options.Devices.Length > 0 && options.Jobs > options.Devices.Length)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"{options.Jobs} jobs are to run at the same time, and {options.Devices.Length} devices are named for them; "
                + "name a device twice to give it two jobs");
        }

        var objective = new Objective(options.Objective, judge.Metric, options.SetWeights);
        using var merge = MemoryMerge.Open(recipe, options.Alignment, backend, options.Run);
        var map = new CoefficientMap(recipe, merge.TensorNames, options.Coefficients);
        SearchBudget budget = options.BudgetFor(map.Space);
        if (options.Conflicts)
            map.RequireZeroIsBase("a conflict report");
        OpenedJudge opened = judge.Open(merge, recipe);
        using IDisposable evaluator = opened.Evaluator;
        if (opened.Sets.Length > 0)
            objective.Of([.. opened.Sets.Select(set => new SetScore(set.Name, 0))]); // Refuses weights of unknown sets now.

        using ClaimedFolder folder = SearchFolder.Claim(output);
        using TrialLog log = TrialLog.Open(
            folder.Path,
            SearchProblem.Of(recipe, map, merge.Inputs, options.Alignment, opened.Identity, opened.Sets));
        MergeDirections? directions = options.Strategy == StrategyKind.Gradient
            ? DirectionsFor(recipe, map, judge, opened.Evaluator, options, backend, cancel)
            : null;
        TrialRunner Runner(Objective by) => new(
            merge, map, opened.Evaluator, by, log, backend, options.Run, folder.Path, options.RetryFailed)
        {
            Jobs = options.Jobs,
            Devices = options.Devices,
            StopOnFailure = options.StopOnFailure,
            Directions = directions,
        };

        using TrialRunner runner = Runner(objective);
        ISearchStrategy strategy = options.Strategy.Begin(map.Space, options.Seed);
        runner.MeasureRegrets(Tell("base and sources", map.Sources.Length + 1, progress), cancel);
        int evaluatedFirst = runner.Evaluated;
        SearchOutcome outcome = WeightSearch.Run(strategy, map, runner, budget, progress, cancel);
        int evaluatedInSearch = runner.Evaluated - evaluatedFirst;
        ImmutableArray<ComparedCandidate> comparisons = Compare(map, runner, options, progress, cancel);
        ImmutableArray<CoefficientSensitivity> sensitivity = options.Sensitivity
            ? Sensitivity.Measure(outcome.Best, map, runner, Tell("sensitivity", Sensitivity.MaxTrials(map), progress), cancel)
            : [];

        int evaluatedForFront = options.Pareto
            ? SearchFront(map, Runner, runner, outcome.Best, options, budget, progress, cancel)
            : 0;

        // A candidate that was tried for comparison may be better still.
        Trial best = WeightSearch.BestOf(map, runner);
        ConflictReport? conflicts = options.Conflicts
            ? MeasureConflicts(recipe, best, map, runner, options, backend, progress, cancel)
            : null;

        ImmutableArray<Trial> trials = [.. runner.Trials];
        string recipeFile = Path.Combine(folder.Path, RecipeName);
        log.Sync();
        ReportFile.Write(
            recipeFile, FoundRecipe.Write(map.Apply(best.Coefficients), folder.Path, best, runner.Objective, trials.Length));
        return new SearchReport(
            folder.Path,
            recipeFile,
            Path.Combine(folder.Path, TrialLog.FileName),
            map,
            runner.Objective,
            strategy.Name,
            outcome.End,
            outcome.Asked,
            runner.Evaluated,
            trials.Count(trial => !trial.Succeeded),
            best,
            trials,
            comparisons,
            sensitivity,
            conflicts,
            opened.Evaluator.Description,
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            runner.TrialSeconds,
            runner.MergeSeconds)
        {
            EvaluatedBeside = runner.Evaluated + evaluatedForFront - evaluatedInSearch,
            Pareto = options.Pareto ? WriteFront(map, trials, runner.Objective, folder.Path) : [],
        };
    }

    /// <summary>Searches once for each set, with the set counting as much as all others together.</summary>
    /// <returns>Number of trials that were evaluated.</returns>
    private static int SearchFront(
        CoefficientMap map,
        Func<Objective, TrialRunner> open,
        TrialRunner first,
        Trial best,
        SearchOptions options,
        SearchBudget budget,
        Action<SearchProgress>? progress,
        CancellationToken cancel)
    {
        int evaluated = 0;
        var space = new SearchSpace(map.Space.Dimensions, map.PointOf(best.Coefficients));
        foreach (SetScore set in best.Scores.Length > 1 ? best.Scores : [])
        {
            var weights = new Dictionary<string, double> { [set.Set] = Math.Max(2, best.Scores.Length - 1) };
            using TrialRunner runner = open(new Objective(ObjectiveKind.Weighted, first.Objective.Metric, weights));
            WeightSearch.Run(
                options.Strategy.Begin(space, options.Seed),
                map,
                runner,
                budget,
                progress is null ? null : step => progress(step with { Phase = $"front, {set.Set}" }),
                cancel);
            evaluated += runner.Evaluated;
        }

        return evaluated;
    }

    private static ImmutableArray<ParetoPoint> WriteFront(
        CoefficientMap map, ImmutableArray<Trial> trials, Objective objective, string folder)
    {
        string front = Path.Combine(folder, ParetoFolder);
        try
        {
            Directory.CreateDirectory(front);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, front);
        }

        return
        [
            .. ParetoFront.Of(trials, objective.Metric.HigherIsBetter).Select(trial =>
            {
                string file = Path.Combine(front, $"trial-{trial.Number}.yaml");
                ReportFile.Write(file, FoundRecipe.Write(map.Apply(trial.Coefficients), front, trial, objective, trials.Length));
                return new ParetoPoint(trial, file);
            }),
        ];
    }

    private static MergeDirections DirectionsFor(
        Recipe recipe,
        CoefficientMap map,
        SearchJudge judge,
        IModelEvaluator evaluator,
        SearchOptions options,
        IMergeBackend backend,
        CancellationToken cancel)
    {
        if (evaluator is not IGradientEvaluator || judge.Metric.Name != Metric.Loss.Name)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"the strategy gradient needs the loss on validation sets, which has slopes, and this search is by {judge.Metric}"
                + (evaluator is IGradientEvaluator ? "" : " of a command")
                + "; surrogate and bayesian need the metric alone");
        }

        return new MergeDirections(recipe, map, options.Alignment, backend, options.Run, cancel);
    }

    private static ImmutableArray<ComparedCandidate> Compare(
        CoefficientMap map, TrialRunner runner, SearchOptions options, Action<SearchProgress>? progress, CancellationToken cancel)
    {
        if (!map.ZeroIsBase)
            return [];
        var candidates = ComparedCandidate.Candidates(map, options.Compare).ToArray();
        Action<Trial> tried = Tell("comparing", candidates.Length, progress);
        var comparisons = ImmutableArray.CreateBuilder<ComparedCandidate>();
        runner.Expect(candidates.Select(candidate => candidate.Coefficients));
        foreach (var (name, coefficients) in candidates)
        {
            cancel.ThrowIfCancellationRequested();
            comparisons.Add(new ComparedCandidate(name, runner.Try(coefficients, cancel)));
            tried(comparisons[^1].Trial);
        }

        return comparisons.ToImmutable();
    }

    private static ConflictReport MeasureConflicts(
        Recipe recipe,
        Trial best,
        CoefficientMap map,
        TrialRunner runner,
        SearchOptions options,
        IMergeBackend backend,
        Action<SearchProgress>? progress,
        CancellationToken cancel)
    {
        string baseModel = recipe.BaseModel!.Resolved;
        string[] models = [.. map.ModelIndices.Select(k => recipe.Models[k].Path.Resolved)];
        LayerDistances distances =
            DistanceMeasurement.Run(baseModel, models, options.Alignment, options.Run, backend, null, cancel);
        var signs = SignMeasurement.Run(baseModel, models, options.Alignment, options.Run, backend, null, cancel);
        return ConflictReport.Make(
            best, map, distances, signs, runner, Tell("conflicts", ConflictReport.MaxTrials(map), progress), cancel);
    }

    private static Action<Trial> Tell(string phase, long total, Action<SearchProgress>? progress)
    {
        int done = 0;
        long start = Stopwatch.GetTimestamp();
        return trial => progress?.Invoke(
            new SearchProgress(
                phase, ++done, total, Stopwatch.GetElapsedTime(start).TotalSeconds, trial, WasKnown: false, Best: null));
    }
}
