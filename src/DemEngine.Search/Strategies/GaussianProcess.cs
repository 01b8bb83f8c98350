namespace DemEngine.Search.Strategies;

/// <summary>
/// A Gaussian process with the Matérn kernel of smoothness 5/2 and one length (Rasmussen and Williams, "Gaussian Processes for
/// Machine Learning", 2006, equations 4.17, 2.25, 2.26 and 2.30). Length and noise are those of a small grid under which the
/// observed values are likeliest.
/// </summary>
internal sealed class GaussianProcess
{
    private static readonly double[] Lengths = [0.1, 0.2, 0.35, 0.6, 1, 1.7, 3];
    private static readonly double[] Noises = [1e-6, 1e-3, 1e-2, 0.1];

    private readonly double[][] _points;
    private readonly double _mean, _scale, _length;
    private readonly double[,] _lower;
    private readonly double[] _weights;

    /// <summary>Fits the process.</summary>
    /// <param name="points">Points in coordinates from 0 to 1.</param>
    /// <param name="values">Values at the points, at least two of them different.</param>
    public GaussianProcess(double[][] points, double[] values)
    {
        _points = points;
        _mean = values.Average();
        _scale = Math.Sqrt(values.Average(value => (value - _mean) * (value - _mean)));
        double[] standard = [.. values.Select(value => (value - _mean) / _scale)];
        double likeliest = double.NegativeInfinity;
        (_lower, _weights) = (new double[0, 0], []);
        double[,] distances = Distances(points);
        double unit = Math.Sqrt(points[0].Length);
        foreach (double length in Lengths.Select(length => length * unit))
        {
            foreach (double noise in Noises)
            {
                if (LinearSystem.Cholesky(Covariance(distances, length, noise)) is not { } lower)
                    continue;
                double[] weights = LinearSystem.Backward(lower, LinearSystem.Forward(lower, standard));
                double likelihood = -0.5 * standard.Zip(weights, (y, w) => y * w).Sum();
                for (int i = 0; i < standard.Length; i++)
                    likelihood -= Math.Log(lower[i, i]);
                if (likelihood > likeliest)
                    (likeliest, _length, _lower, _weights) = (likelihood, length, lower, weights);
            }
        }
    }

    /// <summary>Mean and standard deviation of the value at a point.</summary>
    public (double Mean, double Deviation) At(double[] x)
    {
        double[] covariances = [.. _points.Select(point => Kernel(Distance(point, x), _length))];
        double mean = covariances.Zip(_weights, (k, w) => k * w).Sum();
        double[] explained = LinearSystem.Forward(_lower, covariances);
        double variance = Math.Max(0, 1 - explained.Sum(value => value * value));
        return (_mean + (_scale * mean), _scale * Math.Sqrt(variance));
    }

    private static double[,] Distances(double[][] points)
    {
        double[,] distances = new double[points.Length, points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            for (int j = 0; j < i; j++)
                distances[i, j] = distances[j, i] = Distance(points[i], points[j]);
        }

        return distances;
    }

    private static double[,] Covariance(double[,] distances, double length, double noise)
    {
        int n = distances.GetLength(0);
        double[,] covariance = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                covariance[i, j] = Kernel(distances[i, j], length) + (i == j ? noise : 0);
        }

        return covariance;
    }

    private static double Kernel(double distance, double length)
    {
        double scaled = Math.Sqrt(5) * distance / length;
        return (1 + scaled + (scaled * scaled / 3)) * Math.Exp(-scaled);
    }

    private static double Distance(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return Math.Sqrt(sum);
    }
}
