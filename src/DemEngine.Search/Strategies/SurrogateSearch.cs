using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// Fits a quadratic to the costs of few points and goes to its minimum in the ranges and in a trust region about the best point,
/// again and again. With fewer points than a quadratic has terms, that one is taken whose curvature changes least (Powell, "Least
/// Frobenius norm updating of quadratic models that satisfy interpolation conditions", 2004), so that n + 1 points suffice to
/// begin. It needs no slopes. It begins at the space's start, and ends when the trust region is smaller than a tenth of every
/// step.
/// </summary>
/// <remarks>It works with the logarithm of the cost while all costs are positive, since losses grow by factors.</remarks>
public sealed class SurrogateSearch(SearchSpace space) : SequentialStrategy
{
    private const double FirstRadius = 0.2;
    private const double LastRadius = 0.2; // Of half a step.
    private const double Ridge = 1e-8;
    private const double Promise = 3e-4;

    private readonly UnitBox _box = new(space);
    private readonly List<(double[] X, double Cost)> _points = [];

    /// <inheritdoc/>
    public override string Name => "surrogate";

    /// <inheritdoc/>
    protected override IEnumerable<IEnumerable<SearchPoint>> Rounds()
    {
        int n = _box.Length;
        double[] best = _box.Of(space.Start);
        SearchPoint Beside(int along) => _box.Point(
            [.. best.Select((x, d) => d != along ? x : x + FirstRadius <= 1 ? x + FirstRadius : x - FirstRadius)]);
        SearchPoint[] first = [space.Start, .. Enumerable.Range(0, n).Where(d => _box.Widths[d] > 0).Select(Beside)];
        yield return first;
        Keep(first);
        double radius = FirstRadius;
        double smallest = _box.HalfSteps.Max() * LastRadius;
        double[,] curvature = new double[n, n];
        int polled = 0, turn = 0;
        bool isDoubted = false;
        while (_points.Count > 0 && radius > smallest)
        {
            bool isLogarithmic = _points.All(point => point.Cost > 0);
            double Cost(double cost) => isLogarithmic ? Math.Log(cost) : cost;
            (best, double bestCost) = _points.MinBy(point => point.Cost);
            (double[] gradient, double[,] model) = Fit(best, radius, curvature, Cost);
            double[] low = [.. best.Select(x => Math.Max(-x, -radius))];
            double[] high = [.. best.Select(x => Math.Min(1 - x, radius))];
            double[] step = BoxQuadratic.Minimise(gradient, model, low, high);
            double promised = -BoxQuadratic.Value(gradient, model, step);
            curvature = model;
            SearchPoint point = _box.Point([.. best.Zip(step, (x, move) => x + move)]);
            double[] next = _box.Of(point);
            bool isModel = !isDoubted && promised >= (isLogarithmic ? Promise : Promise * Math.Abs(bestCost)) && !IsKnown(next);
            isDoubted = false;
            if (!isModel)
            {
                // The model has nothing to gain here, or it is wrong: a point along one coordinate after another says which.
                if (polled == n)
                {
                    (polled, radius) = (0, 0.4 * radius);
                    continue;
                }

                int along = turn++ % n;
                polled++;
                double move = gradient[along] > 0 ? -radius : radius;
                next = [.. best];
                next[along] += next[along] + move is >= 0 and <= 1 ? move : -move;
                point = _box.Point(next);
                next = _box.Of(point);
                if (IsKnown(next))
                    continue;
            }

            int before = _points.Count;
            yield return [point];
            Keep([point]);
            if (_points.Count == before)
            {
                radius *= 0.5;
                continue;
            }

            if (!isModel)
            {
                polled = _points[^1].Cost < bestCost ? 0 : polled;
                continue;
            }

            polled = 0;
            double found = isLogarithmic ? Math.Max(_points[^1].Cost, double.Epsilon) : _points[^1].Cost;
            double kept = (Cost(bestCost) - Cost(found)) / promised;
            double length = step.Max(Math.Abs);
            if (kept < 0.1)
            {
                // With few points nearby it is the model that is too poor, and not the region that is too large.
                double reach = 2 * radius;
                int nearby = _points.Count(known => known.X.Zip(best).All(pair => Math.Abs(pair.First - pair.Second) <= reach));
                isDoubted = nearby < (2 * n) + 1;
                radius = isDoubted ? 0.7 * radius : Math.Max(0.5 * length, 0.4 * radius);
            }
            else if (kept > 0.7 && length > 0.9 * radius)
            {
                radius = Math.Min(0.5, 2 * radius);
            }
        }
    }

    private void Keep(SearchPoint[] points)
    {
        foreach (var (point, cost) in points.Zip(Told))
        {
            if (!double.IsPositiveInfinity(cost))
                _points.Add((_box.Of(point), cost));
        }
    }

    private bool IsKnown(double[] x) =>
        _points.Any(point => point.X.Zip(x).All(pair => Math.Abs(pair.First - pair.Second) < 1e-6));

    /// <summary>
    /// Fits c + gᵀd + ½dᵀHd, where d is the distance from the best point. H is the last one plus Σ λⱼ·dⱼ·dⱼᵀ, which minimises the
    /// change; λ, c and g follow from the costs, Σ λⱼ = 0 and Σ λⱼ·dⱼ = 0. The nearest points count.
    /// </summary>
    private (double[] Gradient, double[,] Hessian) Fit(double[] centre, double radius, double[,] last, Func<double, double> cost)
    {
        int n = centre.Length;
        int most = (n + 1) * (n + 2) / 2;
        (double[] D, double Cost)[] near =
        [
            .. _points.Select(point => (D: point.X.Zip(centre, (x, c) => (x - c) / radius).ToArray(), point.Cost))
                .OrderBy(point => Dot(point.D, point.D)) // A stable sort.
                .Take(most)
                .Select(point => (point.D, cost(point.Cost))),
        ];
        int m = near.Length, size = m + n + 1;
        double[,] system = new double[size, size];
        double[] right = new double[size];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < m; j++)
            {
                double product = Dot(near[i].D, near[j].D);
                system[i, j] = 0.5 * product * product;
            }

            system[i, i] += Ridge;
            system[i, m] = system[m, i] = 1;
            for (int d = 0; d < n; d++)
                system[i, m + 1 + d] = system[m + 1 + d, i] = near[i].D[d];
            double known = 0;
            for (int a = 0; a < n; a++)
            {
                for (int b = 0; b < n; b++)
                    known += 0.5 * radius * radius * near[i].D[a] * last[a, b] * near[i].D[b];
            }

            right[i] = near[i].Cost - known;
        }

        for (int k = m; k < size; k++)
            system[k, k] -= Ridge; // A coordinate that never varied stays 0.
        double[]? solution = LinearSystem.Solve(system, right);
        double[,] hessian = (double[,])last.Clone();
        double[] gradient = new double[n];
        if (solution is null)
            return (gradient, hessian);
        for (int d = 0; d < n; d++)
            gradient[d] = solution[m + 1 + d] / radius;
        for (int k = 0; k < m; k++)
        {
            for (int a = 0; a < n; a++)
            {
                for (int b = 0; b < n; b++)
                    hessian[a, b] += solution[k] * near[k].D[a] * near[k].D[b] / (radius * radius);
            }
        }

        return (gradient, hessian);
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
