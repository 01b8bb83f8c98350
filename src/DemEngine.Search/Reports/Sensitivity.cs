using System.Collections.Immutable;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Reports;

/// <summary>Sensitivity of the metric to one coefficient about the optimum.</summary>
/// <param name="Dimension">Name of the coefficient.</param>
/// <param name="Best">Value of the coefficient at the optimum.</param>
/// <param name="Steps">
/// Trials along the coefficient in order of its value, including the optimum; failed trials are left out.
/// </param>
/// <param name="Objective">Parabola through the objective; null if there are fewer than three trials.</param>
/// <param name="Sets">Parabola through the metric on each set; null if there are fewer than three trials.</param>
public sealed record CoefficientSensitivity(
    string Dimension,
    double Best,
    ImmutableArray<(double Value, Trial Trial)> Steps,
    Parabola? Objective,
    ImmutableArray<(string Set, Parabola? Fit)> Sets);

/// <summary>
/// Tries a small grid about the optimum: every coefficient by itself, one and two steps to either side as far as the ranges
/// reach. The slope of a set's parabola says in which direction that set alone would move the coefficient, and its curvature how
/// much it matters.
/// </summary>
public static class Sensitivity
{
    private static readonly int[] Offsets = [-2, -1, 0, 1, 2];

    /// <summary>Maximum number of trials beside the optimum.</summary>
    public static int MaxTrials(CoefficientMap map) => map.Space.Dimensions.Length * (Offsets.Length - 1);

    /// <summary>Computes the sensitivity of the metric to every coefficient.</summary>
    /// <param name="best">Trial of the optimum, which lies within the ranges.</param>
    /// <param name="map">Coefficient map that gives points their meaning.</param>
    /// <param name="runner">Runner that tries the points.</param>
    /// <param name="tried">Callback that is called after each trial.</param>
    /// <param name="cancel">Token that stops the trials.</param>
    public static ImmutableArray<CoefficientSensitivity> Measure(
        Trial best, CoefficientMap map, TrialRunner runner, Action<Trial> tried, CancellationToken cancel)
    {
        SearchPoint optimum = map.PointOf(best.Coefficients)!;
        return
        [
            .. Enumerable.Range(0, map.Space.Dimensions.Length)
                .Select(d => Along(d, optimum, best, map, runner, tried, cancel)),
        ];
    }

    private static CoefficientSensitivity Along(
        int dimension,
        SearchPoint optimum,
        Trial best,
        CoefficientMap map,
        TrialRunner runner,
        Action<Trial> tried,
        CancellationToken cancel)
    {
        SearchDimension along = map.Space.Dimensions[dimension];
        var steps = ImmutableArray.CreateBuilder<(double, Trial)>();
        SearchPoint[] points =
        [
            .. Offsets.Select(offset => optimum.With(dimension, optimum[dimension] + (offset * along.Range.Step)))
                .Where(point => along.Range.Contains(point[dimension])),
        ];
        runner.Expect(points.Select(map.Expand));
        foreach (SearchPoint point in points)
        {
            cancel.ThrowIfCancellationRequested();
            Trial trial = runner.Try(map.Expand(point), cancel);
            tried(trial);
            if (trial.Succeeded)
                steps.Add((point[dimension], trial));
        }

        double Offset((double Value, Trial) step) => step.Value - optimum[dimension];
        return new CoefficientSensitivity(
            along.Name,
            optimum[dimension],
            steps.ToImmutable(),
            Parabola.Fit([.. steps.Select(step => (Offset(step), step.Item2.Objective))]),
            [
                .. best.Scores.Select(score => (
                    score.Set,
                    Parabola.Fit([.. steps.Select(step => (Offset(step), step.Item2[score.Set]))]))),
            ]);
    }
}
