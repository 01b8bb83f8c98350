using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// Projected quasi-Newton search: of each point it takes the cost and all slopes, keeps a model of the curvature (BFGS, damped;
/// Nocedal and Wright, "Numerical optimization", 2nd edition, procedure 18.2), and goes to the model's minimum in the ranges and
/// in a box about the best point whose size follows how well the model foretold the last step (chapter 4). It begins at the
/// space's start, and ends when the model promises an improvement of less than a thousandth, even if its curvature is too large
/// by ten, or moves no coefficient by a twentieth of its step. The number of points hardly depends on the number of coefficients.
/// </summary>
/// <remarks>It works with the logarithm of the cost while costs are positive, since losses grow by factors.</remarks>
public sealed class GradientSearch(SearchSpace space) : SequentialStrategy, IGradientStrategy
{
    private const double FirstRadius = 0.2;
    private const double SmallestRadius = 1e-3;
    private const double Promise = 1e-3;
    private const double LastStep = 0.1; // Of half a step.
    private const int MaxFailures = 8;
    private const int Doubts = 2;
    private const double Relaxed = 0.3;

    private readonly UnitBox _box = new(space);
    private double[]? _told;
    private bool _isFresh = true; // The curvature is still the multiple of the identity that it began as.

    /// <inheritdoc/>
    public override string Name => "gradient";

    /// <inheritdoc/>
    public void Tell(double cost, IReadOnlyList<double> slope)
    {
        _told = slope.Count == 0 ? null : [.. slope];
        base.Tell(_told is null ? double.NaN : cost);
    }

    /// <inheritdoc/>
    protected override IEnumerable<IEnumerable<SearchPoint>> Rounds()
    {
        int n = _box.Length;
        double[] x = _box.Of(space.Start);
        yield return [space.Start];
        if (_told is null)
            yield break;
        bool isLogarithmic = Told[0] > 0;
        (double cost, double[] slope) = Read(isLogarithmic);
        double radius = FirstRadius;
        double[,]? curvature = null;
        for (int failures = 0; failures < MaxFailures && radius > SmallestRadius;)
        {
            double largest = slope.Max(Math.Abs);
            if (!(largest > 0))
                yield break;
            curvature ??= Scaled(n, largest / radius);
            double[] low = [.. x.Select(value => Math.Max(-value, -radius))];
            double[] high = [.. x.Select(value => Math.Min(1 - value, radius))];
            double least = isLogarithmic ? Promise : Promise * Math.Abs(cost);
            double[] step = BoxQuadratic.Minimise(slope, curvature, low, high);
            double promised = -BoxQuadratic.Value(slope, curvature, step);

            // Where few steps went, the curvature is a guess, and may be far too large. It is believed only if slopes are small.
            for (int doubt = 0; doubt < Doubts && promised < least; doubt++)
            {
                Scale(curvature, Relaxed);
                step = BoxQuadratic.Minimise(slope, curvature, low, high);
                promised = -BoxQuadratic.Value(slope, curvature, step);
            }

            if (IsSmall(step) || promised < least)
                yield break;

            double[] next = [.. x.Zip(step, (value, move) => value + move)];
            SearchPoint point = _box.Point(next);
            next = _box.Of(point);
            yield return [point];
            if (_told is null || (isLogarithmic && Told[0] <= 0))
            {
                failures++;
                radius = 0.5 * step.Max(Math.Abs);
                continue;
            }

            (double nextCost, double[] nextSlope) = Read(isLogarithmic);
            Learn(curvature, [.. next.Zip(x, (to, from) => to - from)], [.. nextSlope.Zip(slope, (to, from) => to - from)]);
            double kept = (cost - nextCost) / promised;
            double length = step.Max(Math.Abs);
            radius = kept < 0.1 ? 0.4 * length : kept > 0.6 && length > 0.9 * radius ? Math.Min(1, 2.5 * radius) : radius;
            if (nextCost < cost)
                (x, cost, slope, failures) = (next, nextCost, nextSlope, 0);
            else
                failures++;
        }
    }

    private (double Cost, double[] Slope) Read(bool isLogarithmic)
    {
        double factor = isLogarithmic ? 1 / Told[0] : 1;
        double cost = isLogarithmic ? Math.Log(Told[0]) : Told[0];
        return (cost, [.. _told!.Zip(_box.Widths, (slope, width) => factor * slope * width)]);
    }

    private bool IsSmall(double[] step) =>
        step.Zip(_box.HalfSteps, (move, half) => Math.Abs(move) < LastStep * half).All(small => small);

    private static double[,] Scaled(int n, double scale)
    {
        double[,] matrix = new double[n, n];
        for (int i = 0; i < n; i++)
            matrix[i, i] = scale;
        return matrix;
    }

    /// <summary>
    /// Updates the curvature B by a step s along which the slopes changed by y: B ← B − B·s·sᵀ·B/(sᵀBs) + r·rᵀ/(sᵀr), where r is
    /// y, moved towards B·s as far as sᵀr needs to stay positive.
    /// </summary>
    private void Learn(double[,] b, double[] s, double[] y)
    {
        int n = s.Length;
        double sy = Dot(s, y), ss = Dot(s, s);
        if (ss == 0)
            return;
        if (_isFresh && sy > 0)
        {
            // The first guess of the curvature knew nothing of its size.
            double scale = sy / ss;
            for (int i = 0; i < n; i++)
                b[i, i] = scale;
        }

        _isFresh = false;
        double[] bs = new double[n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                bs[i] += b[i, j] * s[j];
        }

        double sbs = Dot(s, bs);
        if (!(sbs > 0))
            return;
        double keep = sy >= 0.2 * sbs ? 1 : 0.8 * sbs / (sbs - sy);
        double[] r = [.. y.Zip(bs, (a, c) => (keep * a) + ((1 - keep) * c))];
        double sr = Dot(s, r);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                b[i, j] += (r[i] * r[j] / sr) - (bs[i] * bs[j] / sbs);
        }
    }

    private static void Scale(double[,] matrix, double factor)
    {
        for (int i = 0; i < matrix.GetLength(0); i++)
        {
            for (int j = 0; j < matrix.GetLength(1); j++)
                matrix[i, j] *= factor;
        }
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
