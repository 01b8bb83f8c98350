namespace DemEngine.Numerics;

/// <summary>
/// Eigenvalues and eigenvectors of a small symmetric matrix, A = V·diag(λ)·Vᵀ, by cyclic Jacobi rotations (Golub and Van Loan,
/// "Matrix computations", 8.5). Each rotation makes one off-diagonal element zero, until all of them are negligible.
/// </summary>
internal sealed class SymmetricEigen
{
    private const int MaxSweeps = 60;

    /// <summary>Decomposes a matrix.</summary>
    /// <param name="matrix">Square, symmetric and finite matrix, which is only read.</param>
    public SymmetricEigen(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.GetLength(1), n, nameof(matrix));
        double[,] a = (double[,])matrix.Clone();
        double[,] v = new double[n, n];
        for (int i = 0; i < n; i++)
            v[i, i] = 1;

        for (int sweep = 0; sweep < MaxSweeps && Rotate(a, v); sweep++)
        {
        }

        Values = [.. Enumerable.Range(0, n).Select(i => a[i, i])];
        Vectors = v;
    }

    /// <summary>The eigenvalues, in no particular order.</summary>
    public double[] Values { get; }

    /// <summary>The eigenvectors of length 1: column k belongs to eigenvalue k.</summary>
    public double[,] Vectors { get; }

    /// <summary>Runs one rotation for each off-diagonal element that is not negligible.</summary>
    /// <returns>Whether there was anything to rotate.</returns>
    private static bool Rotate(double[,] a, double[,] v)
    {
        int n = a.GetLength(0);
        bool rotated = false;
        for (int p = 0; p < n; p++)
        {
            for (int q = p + 1; q < n; q++)
            {
                // An element is negligible if adding it does not change the sum of the magnitudes of both diagonal elements.
                double scale = Math.Abs(a[p, p]) + Math.Abs(a[q, q]);
                if (a[p, q] == 0 || scale + Math.Abs(a[p, q]) == scale)
                    continue;
                Rotate(a, v, p, q);
                rotated = true;
            }
        }

        return rotated;
    }

    private static void Rotate(double[,] a, double[,] v, int p, int q)
    {
        // The smaller root of t² + 2θt − 1 = 0, which keeps the rotation below 45°.
        double theta = (a[q, q] - a[p, p]) / (2 * a[p, q]);
        double t = (theta < 0 ? -1 : 1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double c = 1 / Math.Sqrt((t * t) + 1);
        double s = t * c;
        for (int k = 0; k < a.GetLength(0); k++)
            (a[k, p], a[k, q]) = ((c * a[k, p]) - (s * a[k, q]), (s * a[k, p]) + (c * a[k, q]));
        for (int k = 0; k < a.GetLength(0); k++)
            (a[p, k], a[q, k]) = ((c * a[p, k]) - (s * a[q, k]), (s * a[p, k]) + (c * a[q, k]));
        for (int k = 0; k < a.GetLength(0); k++)
            (v[k, p], v[k, q]) = ((c * v[k, p]) - (s * v[k, q]), (s * v[k, p]) + (c * v[k, q]));
        a[p, q] = a[q, p] = 0;
    }
}
