using DemEngine.Search.Space;
using DemEngine.Search.Strategies;

namespace DemEngine.Search.Tests;

/// <summary>Searches for the minimum of a function that is known.</summary>
internal static class Minimise
{
    public static SearchSpace Space(int dimensions, double low, double high, double step, params double[] start) => new(
        [.. Enumerable.Range(0, dimensions).Select(d => new SearchDimension($"x{d}", CoefficientRange.Of(low, high, step)))],
        start.Length == 0 ? null : new SearchPoint(start));

    /// <summary>The points that are asked for, with their costs, until the strategy ends or the budget does.</summary>
    public static List<(SearchPoint Point, double Cost)> Run(ISearchStrategy strategy, Func<SearchPoint, double> cost, int most = int.MaxValue, int together = 1)
    {
        var trials = new List<(SearchPoint, double)>();
        while (trials.Count < most && strategy.Ask(Math.Min(together, most - trials.Count)) is { Count: > 0 } points)
        {
            foreach (SearchPoint point in points)
            {
                trials.Add((point, cost(point)));
                strategy.Tell(trials[^1].Item2);
            }
        }

        return trials;
    }

    public static SearchPoint Best(this IEnumerable<(SearchPoint Point, double Cost)> trials) => trials.MinBy(trial => trial.Cost).Point;

    /// <summary>Σ (xᵢ − i/10 − 0.2)².</summary>
    public static double Sphere(SearchPoint point) => point.Coordinates.Select((x, i) => Math.Pow(x - (0.1 * i) - 0.2, 2)).Sum();

    /// <summary>Least, 0, at (1, … 1), at the end of a curved valley.</summary>
    public static double Rosenbrock(SearchPoint x) => Enumerable.Range(0, x.Length - 1)
        .Sum(i => (100 * Math.Pow(x[i + 1] - (x[i] * x[i]), 2)) + Math.Pow(1 - x[i], 2));
}
