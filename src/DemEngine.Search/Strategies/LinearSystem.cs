namespace DemEngine.Search.Strategies;

/// <summary>Solves dense linear systems of a few hundred unknowns.</summary>
internal static class LinearSystem
{
    /// <summary>Solves A·x = b by Gaussian elimination with row pivots; null if A is singular.</summary>
    /// <param name="matrix">Matrix A; it is overwritten.</param>
    /// <param name="right">Right side b; it is overwritten.</param>
    public static double[]? Solve(double[,] matrix, double[] right)
    {
        int n = right.Length;
        for (int column = 0; column < n; column++)
        {
            int pivot = column;
            for (int row = column + 1; row < n; row++)
                pivot = Math.Abs(matrix[row, column]) > Math.Abs(matrix[pivot, column]) ? row : pivot;
            if (!(Math.Abs(matrix[pivot, column]) > 1e-300))
                return null;
            for (int k = column; k < n && pivot != column; k++)
                (matrix[column, k], matrix[pivot, k]) = (matrix[pivot, k], matrix[column, k]);
            (right[column], right[pivot]) = (right[pivot], right[column]);
            for (int row = column + 1; row < n; row++)
            {
                double factor = matrix[row, column] / matrix[column, column];
                if (factor == 0)
                    continue;
                for (int k = column; k < n; k++)
                    matrix[row, k] -= factor * matrix[column, k];
                right[row] -= factor * right[column];
            }
        }

        for (int row = n - 1; row >= 0; row--)
        {
            for (int k = row + 1; k < n; k++)
                right[row] -= matrix[row, k] * right[k];
            right[row] /= matrix[row, row];
        }

        return right;
    }

    /// <summary>Computes the lower triangle L with L·Lᵀ = A of a positive definite matrix; null if it is none.</summary>
    public static double[,]? Cholesky(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        double[,] lower = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = matrix[i, j];
                for (int k = 0; k < j; k++)
                    sum -= lower[i, k] * lower[j, k];
                if (i == j && !(sum > 0))
                    return null;
                lower[i, j] = i == j ? Math.Sqrt(sum) : sum / lower[j, j];
            }
        }

        return lower;
    }

    /// <summary>Solves L·x = b for a lower triangle L.</summary>
    public static double[] Forward(double[,] lower, double[] right)
    {
        double[] x = new double[right.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double sum = right[i];
            for (int k = 0; k < i; k++)
                sum -= lower[i, k] * x[k];
            x[i] = sum / lower[i, i];
        }

        return x;
    }

    /// <summary>Solves Lᵀ·x = b for a lower triangle L.</summary>
    public static double[] Backward(double[,] lower, double[] right)
    {
        double[] x = new double[right.Length];
        for (int i = x.Length - 1; i >= 0; i--)
        {
            double sum = right[i];
            for (int k = i + 1; k < x.Length; k++)
                sum -= lower[k, i] * x[k];
            x[i] = sum / lower[i, i];
        }

        return x;
    }
}
