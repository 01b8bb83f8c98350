using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Evaluation;
using DemEngine.Files;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>A candidate that a search hands out.</summary>
/// <param name="Trial">Trial of the candidate.</param>
/// <param name="RecipeFile">Full path of its recipe.</param>
/// <param name="Told">What was told of it, if that was before; null if it is still to be evaluated.</param>
public sealed record HandedOut(AskedTrial Trial, string RecipeFile, Trial? Told);

/// <summary>The answer to a question for trials.</summary>
/// <param name="Sources">Names of what has coefficients.</param>
/// <param name="Trials">Trials that are handed out, possibly fewer than were asked for.</param>
/// <param name="Outstanding">Number of trials that were handed out and not told yet, these included.</param>
/// <param name="Waits">Whether the strategy must be told of trials before it has more.</param>
/// <param name="IsComplete">Whether the strategy has nothing left, or the budget is spent.</param>
public sealed record AskAnswer(
    ImmutableArray<string> Sources, ImmutableArray<HandedOut> Trials, int Outstanding, bool Waits, bool IsComplete);

/// <summary>The result of telling a trial's metrics.</summary>
/// <param name="Trial">Trial as it was noted.</param>
/// <param name="Best">Best trial so far; null if none succeeded.</param>
/// <param name="Objective">Objective that the trials are compared by.</param>
/// <param name="RecipeFile">Full path of the best trial's recipe; null if none succeeded.</param>
public sealed record TellAnswer(Trial Trial, Trial? Best, Objective Objective, string? RecipeFile);

/// <summary>
/// A search in turns, for candidates that are evaluated elsewhere: by the jobs of a cluster, or as another optimiser proposes
/// them. Trials are handed out with their recipes, several at a time and to several processes, and told in any order.
/// Everything is in the search's folder; every call waits for its turn there.
/// </summary>
public static class SearchTurns
{
    private const string AskedFolder = "asked";

    // A strategy that has no new points left may keep asking for known ones.
    private const int MaxRepeats = 10_000;

    /// <summary>Hands out trials.</summary>
    /// <param name="recipe">Recipe to merge, its paths resolved.</param>
    /// <param name="output">Folder of the search; it is created, or is that of an earlier search.</param>
    /// <param name="metric">Metric that will be told.</param>
    /// <param name="options">
    /// Search options: strategy, ranges, objective, budget of trials, handling of models that do not match.
    /// </param>
    /// <param name="which">Which trials to hand out.</param>
    /// <param name="backend">Backend that the models are opened for.</param>
    /// <param name="cancel">Token that ends the wait for the folder.</param>
    /// <exception cref="DemException">Any error in the recipe, its models, the options or the folder.</exception>
    public static AskAnswer Ask(
        Recipe recipe,
        string output,
        Metric metric,
        SearchOptions options,
        AskedPoints which,
        IMergeBackend backend,
        CancellationToken cancel = default)
    {
        if (options.Objective is ObjectiveKind.Regret or ObjectiveKind.WorstRegret)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                "regrets are measured from the base and each source alone, which a search in turns need not have; "
                + "take the mean, the worst or the weighted mean");
        }

        var objective = new Objective(options.Objective, metric, options.SetWeights);
        using var merge = MemoryMerge.Open(recipe, options.Alignment, backend, options.Run);
        var map = new CoefficientMap(recipe, merge.TensorNames, options.Coefficients);
        SearchProblem problem = SearchProblem.Of(
            recipe, map, merge.Inputs, options.Alignment, SearchProblem.ToldJudge(metric), []);
        ImmutableArray<Coefficients> points = which.Given is { } given ? [map.WithNames(given)] : [];

        using ClaimedFolder folder = SearchFolder.ClaimInTurn(output, cancel);
        using TrialLog told = TrialLog.Open(folder.Path, problem);
        AskedLog asked = AskedLog.Open(folder.Path);
        LeaseLog leases = LeaseLog.Open(folder.Path);
        bool waits = false, isComplete = false;
        if (which.Given is null && !which.OutstandingOnly)
        {
            points = which.Lease is null ? [] : Abandoned(told, asked, leases, problem, which.Count);
            if (points.Length < which.Count)
            {
                (ImmutableArray<Coefficients> next, waits, isComplete) =
                    NextPoints(map, told, asked, problem, objective, options, which.Count - points.Length);
                isComplete &= points.IsEmpty;
                points = [.. points, .. next];
            }
        }

        if (which.OutstandingOnly)
            points = [.. asked.Of(problem).Select(trial => trial.Coefficients).Where(one => told.Find(one) is null)];

        var handed = ImmutableArray.CreateBuilder<HandedOut>();
        foreach (Coefficients coefficients in points)
        {
            AskedTrial trial = asked.Find(problem, coefficients)
                ?? HandOut(map, coefficients, Math.Max(asked.NextNumber, told.NextNumber), objective, folder.Path);

            // First, so that a process that dies here leaves no trial that is handed out for ever.
            if (which.Lease is { } lease && told.Find(coefficients) is null)
                leases.Append(trial.Number, DateTime.UtcNow + lease);
            if (asked.Find(problem, coefficients) is null)
                asked.Append(problem, trial);
            handed.Add(new HandedOut(trial, Path.Combine(folder.Path, trial.Recipe), told.Find(coefficients)));
        }

        int outstanding = asked.Of(problem).Count(trial => told.Find(trial.Coefficients) is null);
        return new AskAnswer(map.Sources, handed.ToImmutable(), outstanding, waits, isComplete);
    }

    /// <summary>Notes the metrics of a trial, or that it failed, and writes the recipe of the best trial so far.</summary>
    /// <param name="output">Folder of the search.</param>
    /// <param name="number">Number of the trial.</param>
    /// <param name="read">
    /// Reads the values of a metric, one for each set; throws the error of a trial that failed.
    /// </param>
    /// <param name="seconds">Duration of the trial in seconds; 0 if it is not known.</param>
    /// <param name="cancel">Token that ends the wait for the folder.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): no trial of that number was handed out. Any error of the folder, and any that
    /// <paramref name="read"/> throws.
    /// </exception>
    public static TellAnswer Tell(
        string output, int number, Func<Metric, TrialResult> read, double seconds, CancellationToken cancel = default)
    {
        if (!Directory.Exists(output))
            throw new DemException(ErrorCode.BadArgument, $"{output}: there is no such folder of a search");
        using ClaimedFolder folder = SearchFolder.ClaimInTurn(output, cancel);
        AskedLog asked = AskedLog.Open(folder.Path);
        if (asked.Find(number) is not var (problem, trial))
            throw new DemException(ErrorCode.BadArgument, $"{folder.Path}: no trial {number} was asked for");

        TrialResult result = Finite(read(trial.Objective.Metric));
        using TrialLog log = TrialLog.Open(folder.Path, problem);
        bool? isHigher = result.Scores.FirstOrDefault()?.Metric.HigherIsBetter;
        Trial noted = new(
            trial.Coefficients,
            [.. result.Scores.Select(score => new SetScore(score.Set, score.Value))],
            double.NaN,
            seconds,
            0,
            result.Error)
        {
            Number = number,
            HigherIsBetter = isHigher,
        };
        Objective objective = trial.Objective;
        if (objective.Metric.DirectionIsAssumed
            && (isHigher ?? log.Trials.FirstOrDefault(one => one.HigherIsBetter is not null)?.HigherIsBetter) is { } known)
            objective = objective.InDirection(known);
        noted = Judged(noted, objective);
        log.Append(noted);

        Trial? best = null;
        int count = 0;
        foreach (Trial one in log.Trials.Where(one => one.Succeeded).Select(one => Judged(one, objective)))
        {
            count++;
            if (best is null || objective.Cost(one.Objective) < objective.Cost(best.Objective))
                best = one;
        }

        string? recipe = best is null ? null : WriteBest(asked, problem, best, objective, count, folder);
        return new TellAnswer(noted, best, objective, recipe);
    }

    private static TrialResult Finite(TrialResult result) =>
        result.Scores.FirstOrDefault(score => !double.IsFinite(score.Value)) is { } bad
            ? new TrialResult([], $"{bad.Metric} on {bad.Set} is {bad.Value}")
            : result;

    private static Trial Judged(Trial trial, Objective objective) =>
        trial.Succeeded ? trial with { Objective = objective.Of(trial.Scores) } : trial;

    private static ImmutableArray<Coefficients> Abandoned(
        TrialLog told, AskedLog asked, LeaseLog leases, SearchProblem problem, int count)
    {
        DateTime now = DateTime.UtcNow;
        return
        [
            .. asked.Of(problem)
                .Where(trial => told.Find(trial.Coefficients) is null && leases.HasRunOut(trial.Number, now))
                .Select(trial => trial.Coefficients)
                .Take(count),
        ];
    }

    private static (ImmutableArray<Coefficients> Points, bool Waits, bool IsComplete) NextPoints(
        CoefficientMap map,
        TrialLog told,
        AskedLog asked,
        SearchProblem problem,
        Objective objective,
        SearchOptions options,
        int count)
    {
        Trial? directed = told.Trials.FirstOrDefault(trial => trial.HigherIsBetter is not null);
        if (objective.Metric.DirectionIsAssumed && directed?.HigherIsBetter is { } isHigher)
            objective = objective.InDirection(isHigher);
        HashSet<Coefficients> outstanding = [.. asked.Of(problem).Select(trial => trial.Coefficients)];
        ISearchStrategy strategy = options.Strategy.Begin(map.Space, options.Seed);
        if (strategy is IGradientStrategy)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                "the strategy gradient needs the slopes of the loss, and metrics that are told have none; "
                + "surrogate and bayesian need the metric alone");
        }

        bool needsCosts = options.Strategy.NeedsCosts();
        SearchBudget budget = options.BudgetFor(map.Space);
        var points = ImmutableArray.CreateBuilder<Coefficients>();
        var seen = new HashSet<Coefficients>();
        for (int repeats = 0; points.Count < count && repeats < MaxRepeats;)
        {
            // Of a strategy that learns from costs a whole round is needed; the others are asked point by point.
            IReadOnlyList<SearchPoint> round = strategy.Ask(needsCosts ? int.MaxValue : 1);
            if (round.Count == 0)
                return (points.ToImmutable(), false, true);
            bool waits = false;
            int before = seen.Count;
            foreach (Coefficients one in round.Select(map.Expand))
            {
                if (!seen.Contains(one) && seen.Count >= budget.Trials)
                    return (points.ToImmutable(), waits, !waits);
                bool isTold = told.Find(one) is not null;
                waits |= !isTold;
                if (!isTold && !outstanding.Contains(one) && points.Count < count && seen.Add(one))
                    points.Add(one);
                seen.Add(one);
            }

            repeats = seen.Count == before ? repeats + 1 : 0;
            if (needsCosts && waits)
                return (points.ToImmutable(), true, false);
            foreach (Coefficients one in round.Select(map.Expand))
            {
                strategy.Tell(told.Find(one) is { Succeeded: true } trial
                    ? objective.Cost(objective.Of(trial.Scores))
                    : double.NaN);
            }
        }

        return (points.ToImmutable(), false, false);
    }

    private static AskedTrial HandOut(
        CoefficientMap map, Coefficients coefficients, int number, Objective objective, string folder)
    {
        string name = $"{AskedFolder}/trial-{number}.yaml";
        string asked = Path.Combine(folder, AskedFolder);
        try
        {
            Directory.CreateDirectory(asked);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, asked);
        }

        ReportFile.Write(
            Path.Combine(folder, name),
            $"# Trial {number} of a search.\n" + FoundRecipe.Relocate(map.Apply(coefficients), asked).ToYaml());
        return new AskedTrial(number, coefficients, name, objective);
    }

    private static string? WriteBest(
        AskedLog asked, SearchProblem problem, Trial best, Objective objective, int trials, ClaimedFolder folder)
    {
        if (asked.Find(problem, best.Coefficients) is not { } trial)
            return null;
        Recipe recipe = RecipeReader.ReadFile(Path.Combine(folder.Path, trial.Recipe));
        string file = Path.Combine(folder.Path, SearchRun.RecipeName);
        ReportFile.Write(file, FoundRecipe.Write(recipe, folder.Path, best, objective, trials));
        return file;
    }
}
