namespace DemEngine.Search.Reports;

/// <summary>A parabola y ≈ a + b·t + c·t², fitted by least squares.</summary>
/// <param name="Value">Coefficient a: the value at t = 0.</param>
/// <param name="Slope">Coefficient b: the first derivative at t = 0.</param>
/// <param name="Curvature">Twice the coefficient c: the second derivative.</param>
public sealed record Parabola(double Value, double Slope, double Curvature)
{
    /// <summary>Fits a parabola; null if there are fewer than three different t.</summary>
    /// <param name="points">Points to fit, each with its t and y.</param>
    public static Parabola? Fit(IReadOnlyCollection<(double T, double Y)> points)
    {
        if (points.Select(point => point.T).Distinct().Count() < 3)
            return null;

        // These are the normal equations. They are scaled by the largest t, so that its powers have a similar magnitude.
        double scale = points.Max(point => Math.Abs(point.T));
        double[,] system = new double[3, 4];
        foreach (var (t, y) in points)
        {
            double[] powers = [1, t / scale, t / scale * (t / scale)];
            for (int i = 0; i < 3; i++)
            {
                for (int j = 0; j < 3; j++)
                    system[i, j] += powers[i] * powers[j];
                system[i, 3] += powers[i] * y;
            }
        }

        double[] solution = Solve(system);
        return new Parabola(solution[0], solution[1] / scale, 2 * solution[2] / (scale * scale));
    }

    /// <summary>Solves a linear system by Gaussian elimination with row pivots.</summary>
    private static double[] Solve(double[,] system)
    {
        for (int column = 0; column < 3; column++)
        {
            int pivot = Enumerable.Range(column, 3 - column).MaxBy(row => Math.Abs(system[row, column]));
            for (int k = 0; k < 4; k++)
                (system[column, k], system[pivot, k]) = (system[pivot, k], system[column, k]);
            for (int row = column + 1; row < 3; row++)
            {
                double factor = system[row, column] / system[column, column];
                for (int k = column; k < 4; k++)
                    system[row, k] -= factor * system[column, k];
            }
        }

        double[] solution = new double[3];
        for (int row = 2; row >= 0; row--)
        {
            double rest = system[row, 3];
            for (int k = row + 1; k < 3; k++)
                rest -= system[row, k] * solution[k];
            solution[row] = rest / system[row, row];
        }

        return solution;
    }
}
