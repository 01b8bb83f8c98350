namespace DemEngine.Tests.Reference;

/// <summary>The geometric methods on the vectors themselves, in binary64, as their definitions word them.</summary>
internal static class ReferenceGeometry
{
    /// <summary>On the great circle through both, each vector with its own length.</summary>
    public static double[] Slerp(double t, double[] x, double[] y, double nearlyCollinear)
    {
        double cosine = Dot(x, y) / (Norm(x) * Norm(y));
        if (double.IsNaN(cosine) || Math.Abs(cosine) > nearlyCollinear)
            return Sum([1 - t, t], [x, y]);
        double angle = Math.Acos(cosine);
        return Sum([Math.Sin((1 - t) * angle) / Math.Sin(angle), Math.Sin(t * angle) / Math.Sin(angle)], [x, y]);
    }

    public static double[] MultiSlerp(double[] weights, double[][] vectors)
    {
        double[][] units = [.. vectors.Select(Unit)];
        double[] mean = Sum(weights, units);
        if (Norm(mean) < 1e-8)
            return Sum(weights, vectors);

        // Its step along the tangent space is taken too, to see that it is none.
        double[] direction = Unit(mean);
        double[] tangent = Sum(weights, [.. units.Select(unit => Sum([1, -Dot(unit, direction)], [unit, direction]))]);
        double step = Norm(tangent) + 1e-300;
        double[] moved = Sum([Math.Cos(step), Math.Sin(step) / step], [direction, tangent]);
        return Sum([weights.Zip(vectors, (weight, vector) => weight * Norm(vector)).Sum()], [moved]);
    }

    /// <summary>Iterates until nothing moves any more.</summary>
    public static double[] Karcher(double[] weights, double[][] vectors, int iterations = 1000)
    {
        double total = weights.Sum();
        double norm = weights.Zip(vectors, (weight, vector) => weight / total * Norm(vector)).Sum();
        int[] there = [.. Enumerable.Range(0, vectors.Length).Where(i => Norm(vectors[i]) > 0)];
        if (there.Length == 0)
            return vectors[0];

        double[][] units = [.. there.Select(i => Unit(vectors[i]))];
        double[] shares = [.. there.Select(i => weights[i] / there.Sum(j => weights[j]))];
        double[] mean = Unit(Sum(shares, units));
        for (int k = 0; k < iterations; k++)
        {
            double[] tangent = Sum(shares, [.. units.Select(unit => Logarithm(mean, unit))]);
            double length = Norm(tangent);
            if (length < 1e-13)
                break;
            mean = Unit(Sum([Math.Cos(length), Math.Sin(length) / length], [mean, tangent]));
        }

        return Sum([norm], [mean]);
    }

    /// <summary>How far the weighted arcs from a vector's direction to the others are from cancelling.</summary>
    public static double KarcherGradient(double[] at, double[] weights, double[][] vectors) =>
        Norm(Sum([.. weights.Select(weight => weight / weights.Sum())], [.. vectors.Select(vector => Logarithm(Unit(at), Unit(vector)))]));

    public static double[] ModelStock(double[] b, double[][] models)
    {
        double[][] deltas = [.. models.Select(model => Sum([1, -1], [model, b]))];
        int n = models.Length;
        var cosines = new List<double>();
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < i; j++)
                cosines.Add(Norm(deltas[i]) * Norm(deltas[j]) == 0 ? 0 : Dot(deltas[i], deltas[j]) / (Norm(deltas[i]) * Norm(deltas[j])));
        }

        double c = cosines.Average();
        double divisor = 1 + ((n - 1) * c);
        double t = Math.Abs(divisor) < 1e-12 ? 0 : n * c / divisor;
        double[] average = Sum([.. models.Select(_ => 1.0 / n)], models);
        return Sum([t, 1 - t], [average, b]);
    }

    private static double[] Logarithm(double[] at, double[] to)
    {
        double cosine = Math.Clamp(Dot(at, to), -1, 1);
        double angle = Math.Acos(cosine);
        return angle < 1e-12 ? [.. at.Select(_ => 0.0)] : Sum([angle / Math.Sin(angle), -angle / Math.Sin(angle) * cosine], [to, at]);
    }

    private static double Dot(double[] x, double[] y) => x.Zip(y, (xi, yi) => xi * yi).Sum();

    private static double Norm(double[] x) => Math.Sqrt(Dot(x, x));

    private static double[] Unit(double[] x) => Norm(x) == 0 ? x : Sum([1 / Norm(x)], [x]);

    private static double[] Sum(double[] coefficients, double[][] vectors) =>
        [.. vectors[0].Select((_, i) => coefficients.Zip(vectors, (coefficient, vector) => coefficient * vector[i]).Sum())];
}
