using System.Collections.Immutable;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Reports;

/// <summary>How the metric moves as one coefficient leaves the optimum.</summary>
/// <param name="Dimension">The coefficient.</param>
/// <param name="Best">Its value at the optimum.</param>
/// <param name="Steps">The trials along it, in order of the coefficient, the optimum among them; those that failed are left out.</param>
/// <param name="Objective">The parabola through the objective; null if there are fewer than three trials.</param>
/// <param name="Sets">The parabola through the metric on each set.</param>
public sealed record CoefficientSensitivity(
    string Dimension,
    double Best,
    ImmutableArray<(double Value, Trial Trial)> Steps,
    Parabola? Objective,
    ImmutableArray<(string Set, Parabola? Fit)> Sets);

/// <summary>
/// Tries a small grid about the optimum: every coefficient by itself, one and two steps to either side as far as the ranges reach. The
/// slope of a set's parabola says which way that set alone would move the coefficient, the curvature how much it matters.
/// </summary>
public static class Sensitivity
{
    private static readonly int[] Offsets = [-2, -1, 0, 1, 2];

    /// <summary>Number of trials at most.</summary>
    public static int MaxTrials(CoefficientMap map) => map.Space.Dimensions.Length * (Offsets.Length - 1);

    /// <summary>Measures.</summary>
    /// <param name="best">The optimum, within the ranges.</param>
    /// <param name="map">What points mean.</param>
    /// <param name="runner">Tries them.</param>
    /// <param name="tried">Told of each trial.</param>
    /// <param name="cancel">Stops it.</param>
    public static ImmutableArray<CoefficientSensitivity> Measure(
        Trial best, CoefficientMap map, TrialRunner runner, Action<Trial> tried, CancellationToken cancel)
    {
        SearchPoint optimum = map.PointOf(best.Coefficients)!;
        return [.. Enumerable.Range(0, map.Space.Dimensions.Length).Select(d => Along(d, optimum, best, map, runner, tried, cancel))];
    }

    private static CoefficientSensitivity Along(
        int dimension, SearchPoint optimum, Trial best, CoefficientMap map, TrialRunner runner, Action<Trial> tried, CancellationToken cancel)
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
            [.. best.Scores.Select(score => (score.Set, Parabola.Fit([.. steps.Select(step => (Offset(step), step.Item2[score.Set]))])))]);
    }
}
