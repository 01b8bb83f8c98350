using System.Diagnostics;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>Reason why a search ended.</summary>
public enum SearchEnd
{
    /// <summary>The strategy had nothing left to try.</summary>
    Complete,

    /// <summary>The budget of trials was spent.</summary>
    Trials,

    /// <summary>The budget of time was spent.</summary>
    Time,
}

/// <summary>The outcome of a search.</summary>
/// <param name="Best">Best of all trials within the ranges, including those of earlier runs.</param>
/// <param name="Asked">Number of different points that the strategy asked for.</param>
/// <param name="End">Reason why the search ended.</param>
public sealed record SearchOutcome(Trial Best, int Asked, SearchEnd End);

/// <summary>Lets a strategy search for the best coefficients.</summary>
public static class WeightSearch
{
    /// <summary>Number of failed trials, with no success before them, after which a search gives up.</summary>
    public const int FailuresAtOnce = 5;

    private const int RoundsOfJobs = 32;

    // A strategy that has no new points left may keep asking for known ones.
    private const int MaxRepeats = 10_000;

    /// <summary>Tries the points that a strategy asks for until it is done or the budget is spent.</summary>
    /// <param name="strategy">Strategy that chooses the points to try.</param>
    /// <param name="map">Coefficient map that gives points their meaning.</param>
    /// <param name="runner">Runner that tries the candidates.</param>
    /// <param name="budget">Limits after which the search ends.</param>
    /// <param name="progress">Progress callback; called after each trial.</param>
    /// <param name="cancel">Token that stops the search; completed trials are kept in the log.</param>
    /// <exception cref="DemException">DEM4121 (NoTrialSucceeded): every trial failed.</exception>
    public static SearchOutcome Run(
        ISearchStrategy strategy,
        CoefficientMap map,
        TrialRunner runner,
        SearchBudget budget,
        Action<SearchProgress>? progress,
        CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        long? total = Smaller(budget.Trials, strategy is GridSearch ? map.Space.GridCount : null);
        var asked = new HashSet<Coefficients>();
        Trial? best = null;
        SearchEnd? end = null;
        int repeats = 0, failures = 0;
        while (end is null && repeats < MaxRepeats && strategy.Ask(Most()) is { Count: > 0 } points)
        {
            Coefficients[] candidates = [.. points.Select(map.Expand)];
            runner.Expect(candidates, () => !(Stopwatch.GetElapsedTime(start) >= budget.Time));
            foreach (Coefficients coefficients in candidates)
            {
                bool isNew = !asked.Contains(coefficients);
                bool isKnown = runner.Known(coefficients) is not null;
                if (isNew && asked.Count >= budget.Trials)
                    end = SearchEnd.Trials;
                else if (!isKnown && !runner.IsBegun(coefficients) && Stopwatch.GetElapsedTime(start) >= budget.Time)
                    end = SearchEnd.Time;
                if (end is not null)
                    break;

                cancel.ThrowIfCancellationRequested();
                Trial trial = runner.Try(coefficients, cancel);
                Tell(strategy, map, runner.Objective, trial);
                repeats = isNew ? 0 : repeats + 1;
                if (!asked.Add(coefficients))
                    continue;

                best = Better(runner.Objective, best, trial);
                failures += trial.Succeeded ? 0 : 1;
                if (best is null && failures >= FailuresAtOnce)
                    throw AllFailed(trial, failures);
                progress?.Invoke(new SearchProgress(
                    "searching",
                    asked.Count,
                    total,
                    Stopwatch.GetElapsedTime(start).TotalSeconds,
                    trial,
                    isKnown,
                    best));
            }
        }

        // No more candidates are merged together or evaluated at the same time than the budget allows to be tried. Rounds of
        // several jobs are long, so that few jobs wait at their ends.
        int Most() => Math.Clamp(
            (budget.Trials ?? int.MaxValue) - asked.Count,
            1,
            runner.Jobs > 1 ? runner.Jobs * RoundsOfJobs : runner.MostTogether);

        runner.FinishBegun();
        return new SearchOutcome(BestOf(map, runner), asked.Count, end ?? SearchEnd.Complete);
    }

    /// <summary>Finds the best of all trials within the ranges; of equal trials the first.</summary>
    /// <exception cref="DemException">DEM4121 (NoTrialSucceeded): there is no successful trial.</exception>
    public static Trial BestOf(CoefficientMap map, TrialRunner runner)
    {
        Trial[] inside =
        [
            .. runner.Trials.Where(trial => map.PointOf(trial.Coefficients) is { } point && map.Space.Contains(point)),
        ];
        return inside.Aggregate((Trial?)null, (best, trial) => Better(runner.Objective, best, trial))
            ?? throw AllFailed(inside.LastOrDefault(), inside.Length);
    }

    private static void Tell(ISearchStrategy strategy, CoefficientMap map, Objective objective, Trial trial)
    {
        double cost = objective.Cost(trial.Objective);
        if (strategy is not IGradientStrategy taught)
            strategy.Tell(cost);
        else if (!trial.Succeeded)
            taught.Tell(cost, []);
        else
            taught.Tell(cost, map.SlopeAt(objective.SlopesOf(trial.Scores, trial.Slopes)));
    }

    private static Trial? Better(Objective objective, Trial? best, Trial trial) =>
        trial.Succeeded && (best is null || objective.Cost(trial.Objective) < objective.Cost(best.Objective)) ? trial : best;

    private static long? Smaller(long? a, long? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    private static DemException AllFailed(Trial? last, int count) => new(
        ErrorCode.NoTrialSucceeded,
        last is null ? "no trial was made within the budget" : $"all of {count} trials failed, the last with {last.Error}");
}
