using DemEngine.Numerics;
using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// Covariance matrix adaptation evolution strategy, for several coefficients that depend on each other. It draws generations of
/// points from a normal distribution, and moves, stretches and rotates the distribution towards the good ones (Hansen, "The CMA
/// evolution strategy: a tutorial", arXiv 1604.00772; with its defaults, including negative weights). It computes in coordinates
/// in which every range is 0 to 1, and begins at the space's start with standard deviation 0.3. It ends when the standard
/// deviation is below a twentieth of the step in every dimension.
/// </summary>
/// <remarks>
/// A point outside the ranges is drawn anew, up to a hundred times, and then moved to the bounds. The distribution learns from
/// the points as they were tried: moved, and rounded as <see cref="SearchPoint"/> rounds.
/// </remarks>
public sealed class CmaEs(SearchSpace space, ulong seed) : SequentialStrategy
{
    private const double InitialSigma = 0.3;
    private const double LastStep = 0.05;
    private const double LargestCondition = 1e14;
    private const int MaxDraws = 100;

    private readonly int _n = space.Dimensions.Length;
    private readonly CmaParameters _p = new(space.Dimensions.Length);
    private readonly RandomDraws _random = new(seed);

    /// <inheritdoc/>
    public override string Name => "cma-es";

    /// <inheritdoc/>
    protected override IEnumerable<IEnumerable<SearchPoint>> Rounds()
    {
        double[] mean = ToUnit(space.Start);
        double sigma = InitialSigma;
        double[] sigmaPath = new double[_n], covariancePath = new double[_n];
        double[,] covariance = new double[_n, _n];
        for (int i = 0; i < _n; i++)
            covariance[i, i] = 1;

        for (int generation = 1; ; generation++)
        {
            var shape = new SymmetricEigen(covariance);
            if (IsDone(covariance, sigma, shape))
                yield break;

            SearchPoint[] points = [.. Enumerable.Range(0, _p.Lambda).Select(_ => Draw(mean, sigma, shape))];
            yield return points;
            (double[] Y, double Cost)[] drawn =
            [
                .. points.Zip(Told, (point, cost) =>
                    (ToUnit(point).Zip(mean, (x, m) => (x - m) / sigma).ToArray(), cost)),
            ];

            // If no trial succeeded there is nothing to learn.
            if (drawn.All(one => double.IsPositiveInfinity(one.Cost)))
                continue;

            double[][] y = Ranked(drawn);
            double[] step = Sum(Enumerable.Range(0, _p.Mu).Select(i => (_p.Weights[i], y[i])));
            for (int i = 0; i < _n; i++)
                mean[i] = Math.Clamp(mean[i] + (sigma * step[i]), 0, 1);

            // The path of steps is longer than that of a random walk where sigma is too small, and shorter where it is too large.
            double[] whitened = Whiten(shape, step);
            double toSigmaPath = Math.Sqrt(_p.CSigma * (2 - _p.CSigma) * _p.MuEff);
            sigmaPath = Sum([(1 - _p.CSigma, sigmaPath), (toSigmaPath, whitened)]);
            double pathNorm = Norm(sigmaPath);
            sigma *= Math.Exp(_p.CSigma / _p.DSigma * ((pathNorm / _p.ExpectedNorm) - 1));

            // The path of the covariance is not extended while sigma grows fast.
            bool stalls = pathNorm / Math.Sqrt(1 - Math.Pow(1 - _p.CSigma, 2 * generation))
                >= (1.4 + (2.0 / (_n + 1))) * _p.ExpectedNorm;
            double toCovariancePath = stalls ? 0 : Math.Sqrt(_p.CC * (2 - _p.CC) * _p.MuEff);
            covariancePath = Sum([(1 - _p.CC, covariancePath), (toCovariancePath, step)]);
            Adapt(covariance, covariancePath, y, shape, stalls);
        }
    }

    /// <summary>
    /// Orders the steps to the points by cost. A failed trial says nothing of its point: it takes a place in the middle, where
    /// weights are small, with a step of 0, so that the distribution is neither drawn to the point nor driven away from it.
    /// </summary>
    private double[][] Ranked((double[] Y, double Cost)[] drawn)
    {
        double[][] succeeded =
        [
            .. drawn.Where(one => !double.IsPositiveInfinity(one.Cost))
                .OrderBy(one => one.Cost) // A stable sort.
                .Select(one => one.Y),
        ];
        int better = (succeeded.Length + 1) / 2;
        return
        [
            .. succeeded[..better],
            .. Enumerable.Range(0, drawn.Length - succeeded.Length).Select(_ => new double[_n]),
            .. succeeded[better..],
        ];
    }

    private SearchPoint Draw(double[] mean, double sigma, SymmetricEigen shape)
    {
        double[] x = new double[_n];
        for (int draw = 0; draw < MaxDraws; draw++)
        {
            // y = B·D·z, where D has the square roots of the eigenvalues.
            double[] z = [.. Enumerable.Range(0, _n).Select(_ => _random.Normal())];
            for (int i = 0; i < _n; i++)
            {
                x[i] = mean[i];
                for (int k = 0; k < _n; k++)
                    x[i] += sigma * shape.Vectors[i, k] * Math.Sqrt(Math.Max(0, shape.Values[k])) * z[k];
            }

            if (x.All(value => value is >= 0 and <= 1))
                break;
        }

        return new SearchPoint(space.Dimensions.Select((dimension, d) =>
            dimension.Range.Low + (Math.Clamp(x[d], 0, 1) * (dimension.Range.High - dimension.Range.Low))));
    }

    /// <summary>Updates the covariance matrix: C ← (1 + c₁·δ(h) − c₁ − c_μ·Σw)·C + c₁·p·pᵀ + c_μ·Σ w°·y·yᵀ.</summary>
    private void Adapt(double[,] covariance, double[] path, double[][] y, SymmetricEigen shape, bool stalls)
    {
        double lost = stalls ? _p.CC * (2 - _p.CC) : 0;
        double keep = 1 + (_p.C1 * lost) - _p.C1 - (_p.CMu * _p.Weights.Sum());

        // Negative weights are scaled so that what they subtract leaves the matrix positive definite.
        double[] weights =
        [
            .. _p.Weights.Select((w, k) =>
                w >= 0 ? w : Norm(Whiten(shape, y[k])) is > 0 and var norm ? w * _n / (norm * norm) : 0),
        ];
        for (int i = 0; i < _n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = (keep * covariance[i, j]) + (_p.C1 * path[i] * path[j]);
                for (int k = 0; k < weights.Length; k++)
                    sum += _p.CMu * weights[k] * y[k][i] * y[k][j];
                covariance[i, j] = covariance[j, i] = sum;
            }
        }
    }

    /// <summary>Computes C^(−1/2)·v = B·D⁻¹·Bᵀ·v.</summary>
    private double[] Whiten(SymmetricEigen shape, double[] v)
    {
        double[] white = new double[_n];
        for (int k = 0; k < _n; k++)
        {
            double along = 0;
            for (int i = 0; i < _n; i++)
                along += shape.Vectors[i, k] * v[i];
            along /= Math.Sqrt(shape.Values[k]);
            for (int i = 0; i < _n; i++)
                white[i] += shape.Vectors[i, k] * along;
        }

        return white;
    }

    private bool IsDone(double[,] covariance, double sigma, SymmetricEigen shape)
    {
        double least = shape.Values.Min();
        if (!(least > 0) || shape.Values.Max() > LargestCondition * least || !double.IsFinite(sigma))
            return true;
        return space.Dimensions
            .Select((dimension, d) =>
                sigma * Math.Sqrt(covariance[d, d]) * (dimension.Range.High - dimension.Range.Low)
                < LastStep * dimension.Range.Step)
            .All(small => small);
    }

    private double[] ToUnit(SearchPoint point) =>
        [.. space.Dimensions.Select((dimension, d) => dimension.Range.High > dimension.Range.Low
            ? (point[d] - dimension.Range.Low) / (dimension.Range.High - dimension.Range.Low)
            : 0.5)];

    private double[] Sum(IEnumerable<(double Weight, double[] Vector)> terms)
    {
        double[] sum = new double[_n];
        foreach (var (weight, vector) in terms)
        {
            for (int i = 0; i < _n; i++)
                sum[i] += weight * vector[i];
        }

        return sum;
    }

    private static double Norm(double[] vector) => Math.Sqrt(vector.Sum(value => value * value));
}
