using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.LowRank;

/// <summary>
/// Orthonormal basis of the columns of a thin matrix and the triangle that makes them of it, M = Q·R, by the Gram–Schmidt process
/// with each column projected twice, which is as orthogonal as binary64 allows (Giraud, Langou, Rozložník and van den Eshof,
/// "Rounding error analysis of the classical Gram-Schmidt orthogonalization process", 2005). Columns that depend on those before
/// them are zeros in Q. Sums are in eight lanes whatever the processor has, so that the bits are the same everywhere.
/// </summary>
internal static class OrthonormalBasis
{
    // What is left of a column after projection is noise below this share of it.
    private const double Dependent = 1e-13;

    /// <summary>Replaces the columns of a matrix by an orthonormal basis.</summary>
    /// <param name="matrix">M; Q afterwards.</param>
    /// <returns>R as columns: element (i, j) is <c>r[j][i]</c>.</returns>
    public static double[][] Make(ThinMatrix matrix)
    {
        double[][] columns = [.. Enumerable.Range(0, matrix.Columns).Select(matrix.Column)];
        double[][] triangle = Make(columns);
        for (int j = 0; j < columns.Length; j++)
        {
            for (int i = 0; i < matrix.Rows; i++)
                matrix[i, j] = columns[j][i];
        }

        return triangle;
    }

    private static double[][] Make(double[][] columns)
    {
        double[][] triangle = [.. columns.Select(_ => new double[columns.Length])];
        for (int j = 0; j < columns.Length; j++)
        {
            double[] column = columns[j];
            double before = Math.Sqrt(Dot(column, column));
            for (int pass = 0; pass < 2; pass++)
            {
                for (int i = 0; i < j; i++)
                {
                    double share = Dot(columns[i], column);
                    Subtract(column, share, columns[i]);
                    triangle[j][i] += share;
                }
            }

            double length = Math.Sqrt(Dot(column, column));
            if (length <= before * Dependent || length == 0)
            {
                Array.Clear(column);
                continue;
            }

            triangle[j][j] = length;
            for (int i = 0; i < column.Length; i++)
                column[i] /= length;
        }

        return triangle;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Vector512<double> sums = Vector512<double>.Zero;
        int whole = a.Length - (a.Length % Vector512<double>.Count);
        for (int i = 0; i < whole; i += Vector512<double>.Count)
            sums += Vector512.Create(a[i..]) * Vector512.Create(b[i..]);
        double sum = 0;
        for (int lane = 0; lane < Vector512<double>.Count; lane++)
            sum += sums[lane];
        for (int i = whole; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static void Subtract(Span<double> column, double share, ReadOnlySpan<double> direction)
    {
        int whole = column.Length - (column.Length % Vector512<double>.Count);
        Vector512<double> factor = Vector512.Create(share);
        for (int i = 0; i < whole; i += Vector512<double>.Count)
            (Vector512.Create<double>(column[i..]) - (factor * Vector512.Create(direction[i..]))).CopyTo(column[i..]);
        for (int i = whole; i < column.Length; i++)
            column[i] -= share * direction[i];
    }
}
