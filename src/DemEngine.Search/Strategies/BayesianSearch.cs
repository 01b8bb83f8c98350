using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// Bayesian search with a Gaussian process and the expected improvement (Jones, Schonlau and Welch, "Efficient global
/// optimization of expensive black-box functions", 1998), for metrics that have no slope: shares of right answers, and what
/// commands print. It begins at the space's start and with n + 1 points of a Latin hypercube (McKay, Beckman and Conover, 1979),
/// then tries one point after another, where the best value is expected to improve most. It ends when the expected improvement is
/// less than a thousandth of what the best point is better than the average, three times in a row.
/// </summary>
public sealed class BayesianSearch(SearchSpace space, ulong seed) : SequentialStrategy
{
    private const int Candidates = 600;
    private const int Refined = 6;
    private const int Turns = 24;
    private const double Promise = 1e-3;
    private const int LastPromises = 3;

    private readonly UnitBox _box = new(space);
    private readonly RandomDraws _random = new(seed);
    private readonly List<(double[] X, double Cost)> _points = [];

    /// <inheritdoc/>
    public override string Name => "bayesian";

    /// <inheritdoc/>
    protected override IEnumerable<IEnumerable<SearchPoint>> Rounds()
    {
        SearchPoint[] first = [space.Start, .. Hypercube(_box.Length + 1).Select(x => _box.Point(x))];
        yield return first;
        Keep(first);
        for (int empty = 0; empty < LastPromises;)
        {
            bool isFlat = _points.Count < 2 || _points.All(point => point.Cost == _points[0].Cost);
            if (isFlat)
            {
                // Nothing can be learnt from equal costs.
                SearchPoint drawn = _box.Point(Draw());
                yield return [drawn];
                Keep([drawn]);
                continue;
            }

            bool isLogarithmic = _points.All(point => point.Cost > 0);
            double[] values = [.. _points.Select(point => isLogarithmic ? Math.Log(point.Cost) : point.Cost)];
            var process = new GaussianProcess([.. _points.Select(point => point.X)], values);
            int best = Array.IndexOf(values, values.Min());
            (double[] next, double improvement) = Likeliest(process, values[best], _points[best].X);
            empty = improvement < Promise * (values.Average() - values[best]) ? empty + 1 : 0;
            SearchPoint point = _box.Point(next);
            yield return [point];
            Keep([point]);
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

    /// <summary>
    /// Finds the point of the largest expected improvement: the best of many that are drawn, half of them near the best point so
    /// far, each improved by steps that shrink.
    /// </summary>
    private (double[] X, double Improvement) Likeliest(GaussianProcess process, double best, double[] centre)
    {
        double Improvement(double[] x)
        {
            (double mean, double deviation) = process.At(x);
            if (!(deviation > 1e-12))
                return 0;
            double z = (best - mean) / deviation;
            return ((best - mean) * NormalShare(z)) + (deviation * Math.Exp(-0.5 * z * z) / Math.Sqrt(2 * Math.PI));
        }

        (double[] X, double Improvement)[] drawn =
        [
            .. Enumerable.Range(0, Candidates).Select(k =>
            {
                double spread = 0.02 * Math.Pow(10, 1.2 * _random.Uniform());
                double[] x = k % 2 == 0
                    ? Draw()
                    : [.. centre.Select(value => Math.Clamp(value + (spread * _random.Normal()), 0, 1))];
                return (x, Improvement(x));
            }),
        ];
        (double[] X, double Improvement) found = drawn[0];
        foreach ((double[] start, double value) in drawn.OrderByDescending(one => one.Improvement).Take(Refined))
        {
            (double[] x, double at) = (start, value);
            double length = 0.05;
            for (int turn = 0; turn < Turns; turn++)
            {
                double[] next = [.. x.Select(coordinate => Math.Clamp(coordinate + (length * _random.Normal()), 0, 1))];
                double improvement = Improvement(next);
                if (improvement > at)
                    (x, at) = (next, improvement);
                else
                    length *= 0.85;
            }

            if (at > found.Improvement)
                found = (x, at);
        }

        return found;
    }

    private double[] Draw() => [.. Enumerable.Range(0, _box.Length).Select(_ => _random.Uniform())];

    /// <summary>Draws points of which each lies in another part of every range.</summary>
    private IEnumerable<double[]> Hypercube(int count)
    {
        double[][] points = [.. Enumerable.Range(0, count).Select(_ => new double[_box.Length])];
        for (int d = 0; d < _box.Length; d++)
        {
            int[] order = [.. Enumerable.Range(0, count)];
            for (int i = count - 1; i > 0; i--)
            {
                int j = (int)(_random.Uniform() * (i + 1));
                (order[i], order[j]) = (order[j], order[i]);
            }

            for (int k = 0; k < count; k++)
                points[k][d] = (order[k] + _random.Uniform()) / count;
        }

        return points;
    }

    /// <summary>
    /// The share of the standard normal distribution below z (Abramowitz and Stegun, "Handbook of Mathematical Functions",
    /// formula 26.2.17; error below 7.5e-8).
    /// </summary>
    private static double NormalShare(double z)
    {
        double t = 1 / (1 + (0.2316419 * Math.Abs(z)));
        double tail = Math.Exp(-0.5 * z * z) / Math.Sqrt(2 * Math.PI) * t
            * (0.319381530 + (t * (-0.356563782 + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        return z >= 0 ? 1 - tail : tail;
    }
}
