using System.Collections.Immutable;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Reports;

/// <summary>A trial that no other is better than on every set, and the recipe that merges it.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Recipe">Path of its recipe.</param>
public sealed record ParetoPoint(Trial Trial, string Recipe);

/// <summary>
/// Finds the trials that no other dominates (Pareto, 1906): none is at least as good on every set and better on one.
/// </summary>
internal static class ParetoFront
{
    /// <summary>Returns the front, in order of the first set's values, the best first.</summary>
    /// <param name="trials">Trials with scores on the same sets.</param>
    /// <param name="higherIsBetter">Whether a larger value of the metric is better.</param>
    public static ImmutableArray<Trial> Of(IEnumerable<Trial> trials, bool higherIsBetter)
    {
        (Trial Trial, double[] Costs)[] all =
        [
            .. trials.Where(trial => trial.Succeeded)
                .Select(trial => (trial, trial.Scores.Select(score => higherIsBetter ? -score.Value : score.Value).ToArray())),
        ];
        return
        [
            .. all.Where((one, k) => !all.Where((_, other) => other != k).Any(other => Dominates(other.Costs, one.Costs)))
                .DistinctBy(one => string.Join(' ', one.Costs))
                .OrderBy(one => one.Costs[0]) // A stable sort.
                .Select(one => one.Trial),
        ];
    }

    private static bool Dominates(double[] a, double[] b) =>
        a.Zip(b).All(pair => pair.First <= pair.Second) && a.Zip(b).Any(pair => pair.First < pair.Second);
}
