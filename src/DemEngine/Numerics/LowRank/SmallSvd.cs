namespace DemEngine.Numerics.LowRank;

/// <summary>
/// Singular value decomposition of a small square matrix, A = U·diag(σ)·Vᵀ, by one-sided Jacobi rotations (Hestenes 1958; Golub
/// and Van Loan, "Matrix computations", 8.6.3), which find small singular values as exactly as large ones.
/// </summary>
internal sealed class SmallSvd
{
    private const int MostSweeps = 60;

    /// <summary>Decomposes a matrix.</summary>
    /// <param name="matrix">A as columns: element (i, j) is <c>matrix[j][i]</c>. It is only read.</param>
    public SmallSvd(double[][] matrix)
    {
        int n = matrix.Length;
        double[][] u = [.. matrix.Select(column => (double[])column.Clone())];
        double[][] v = [.. Enumerable.Range(0, n).Select(j => new double[n])];
        for (int j = 0; j < n; j++)
            v[j][j] = 1;
        for (int sweep = 0; sweep < MostSweeps && Sweep(u, v); sweep++)
        {
        }

        double[] lengths = [.. u.Select(column => Math.Sqrt(Dot(column, column)))];
        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(j => lengths[j])];
        Values = [.. order.Select(j => lengths[j])];
        Left = [.. order.Select(j => lengths[j] == 0 ? u[j] : [.. u[j].Select(x => x / lengths[j])])];
        Right = [.. order.Select(j => v[j])];
    }

    /// <summary>The singular values σ, the largest first.</summary>
    public double[] Values { get; }

    /// <summary>The left singular vectors; zeros where the singular value is zero.</summary>
    public double[][] Left { get; }

    /// <summary>The right singular vectors.</summary>
    public double[][] Right { get; }

    /// <summary>Makes each pair of columns orthogonal.</summary>
    /// <returns>Whether there was anything to rotate.</returns>
    private static bool Sweep(double[][] u, double[][] v)
    {
        bool rotated = false;
        for (int p = 0; p < u.Length; p++)
        {
            for (int q = p + 1; q < u.Length; q++)
            {
                double alpha = Dot(u[p], u[p]), beta = Dot(u[q], u[q]), gamma = Dot(u[p], u[q]);
                if (gamma == 0 || Math.Abs(gamma) <= 1e-15 * Math.Sqrt(alpha * beta))
                    continue;
                double zeta = (beta - alpha) / (2 * gamma);
                double t = (zeta >= 0 ? 1 : -1) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
                double c = 1 / Math.Sqrt(1 + (t * t));
                Rotate(u[p], u[q], c, c * t);
                Rotate(v[p], v[q], c, c * t);
                rotated = true;
            }
        }

        return rotated;
    }

    private static void Rotate(double[] a, double[] b, double c, double s)
    {
        for (int i = 0; i < a.Length; i++)
            (a[i], b[i]) = ((c * a[i]) - (s * b[i]), (s * a[i]) + (c * b[i]));
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
