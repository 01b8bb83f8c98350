namespace DemEngine.Search.Strategies;

/// <summary>
/// The quadratic gᵀd + ½·dᵀHd in a box, and its minimum by exact steps along one coordinate after another (Hildreth, "A quadratic
/// programming procedure", 1957). In a direction of negative curvature the better end of the box is taken.
/// </summary>
internal static class BoxQuadratic
{
    private const int MaxSweeps = 400;
    private const double Tolerance = 1e-9;

    /// <summary>Finds a minimum that begins at d = 0, which lies in the box.</summary>
    /// <param name="gradient">Gradient g.</param>
    /// <param name="hessian">Symmetric matrix H.</param>
    /// <param name="low">Lower bounds of d, at most 0.</param>
    /// <param name="high">Upper bounds of d, at least 0.</param>
    public static double[] Minimise(double[] gradient, double[,] hessian, double[] low, double[] high)
    {
        int n = gradient.Length;
        double[] d = new double[n];
        double[] slope = [.. gradient]; // g + H·d
        for (int sweep = 0; sweep < MaxSweeps; sweep++)
        {
            double largest = 0;
            for (int i = 0; i < n; i++)
            {
                double curvature = hessian[i, i], move;
                if (curvature > 0)
                {
                    move = Math.Clamp(d[i] - (slope[i] / curvature), low[i], high[i]) - d[i];
                }
                else
                {
                    double Change(double by) => (slope[i] * by) + (0.5 * curvature * by * by);
                    (double down, double up) = (low[i] - d[i], high[i] - d[i]);
                    move = Change(down) < Change(up) ? down : up;
                    move = Change(move) < 0 ? move : 0;
                }

                if (move == 0)
                    continue;
                d[i] += move;
                for (int j = 0; j < n; j++)
                    slope[j] += move * hessian[j, i];
                largest = Math.Max(largest, Math.Abs(move));
            }

            if (largest < Tolerance)
                break;
        }

        return d;
    }

    /// <summary>Value of the quadratic.</summary>
    public static double Value(double[] gradient, double[,] hessian, double[] d)
    {
        double sum = 0;
        for (int i = 0; i < d.Length; i++)
        {
            sum += gradient[i] * d[i];
            for (int j = 0; j < d.Length; j++)
                sum += 0.5 * d[i] * hessian[i, j] * d[j];
        }

        return sum;
    }
}
