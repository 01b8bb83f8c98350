using System.Buffers;

namespace DemEngine.Numerics.LowRank;

/// <summary>
/// The largest singular values and vectors of a matrix that is only streamed, by a randomised range finder with power iterations
/// (Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011, arXiv 0909.4061, algorithms 4.4 and 5.1).
/// The matrix is gone over 2·<see cref="PowerIterations"/> + 2 times, row after row; memory is that of a few thin matrices.
/// </summary>
internal static class RandomizedSvd
{
    /// <summary>Columns beyond the rank that is asked for, which make the last singular vectors exact too.</summary>
    public const int Oversampling = 8;

    /// <summary>Times that the basis is multiplied by M·Mᵀ, which makes small singular values count less in it.</summary>
    public const int PowerIterations = 2;

    private const int StripNumbers = 1 << 18;

    /// <summary>Decomposes a matrix.</summary>
    /// <param name="matrix">The matrix M.</param>
    /// <param name="rank">Number of singular values that are wanted; a few more are returned.</param>
    /// <param name="random">Random words that the first basis is drawn from.</param>
    /// <param name="products">Computes the products with the matrix.</param>
    /// <param name="cancel">Token that stops the work between passes.</param>
    public static Factorization Run(IRowSource matrix, int rank, Philox random, IThinProducts products, CancellationToken cancel)
    {
        int least = Math.Min(matrix.Rows, matrix.Columns);
        int columns = Math.Min(least, Padded(rank + Oversampling));
        ThinMatrix basis = Draw(matrix.Columns, columns, random);
        ThinMatrix range = Forward(matrix, basis, products, out double squares, cancel);
        double[][]? triangle = null;
        for (int k = 0; k <= PowerIterations; k++)
        {
            OrthonormalBasis.Make(range);
            range.RoundToSingle();
            basis = Backward(matrix, range, products, cancel);
            triangle = OrthonormalBasis.Make(basis);
            if (k == PowerIterations)
                break;
            basis.RoundToSingle();
            range = Forward(matrix, basis, products, out _, cancel);
        }

        // M ≈ Q·(Qᵀ·M) = Q·(W·R)ᵀ = Q·(V·σ·Uᵀ)·Wᵀ with R = U·σ·Vᵀ.
        var small = new SmallSvd(triangle!);
        return new Factorization(range.Times(small.Right, columns), small.Values, basis.Times(small.Left, columns), squares);
    }

    private static int Padded(int columns) => (columns + ThinMatrix.Multiple - 1) / ThinMatrix.Multiple * ThinMatrix.Multiple;

    // Signs with eight bits behind them do as well as normal numbers, and are exact. Signs alone would be orthogonal to the rows
    // of small matrices that are alike, and find nothing.
    private static ThinMatrix Draw(int rows, int columns, Philox random)
    {
        var drawn = new ThinMatrix(rows, columns);
        var words = new uint[columns];
        for (int row = 0; row < rows; row++)
        {
            random.Fill((long)row * columns, words);
            for (int column = 0; column < columns; column++)
                drawn[row, column] = ((words[column] & 1) == 0 ? 1 : -1) * (1 + (((words[column] >> 1) & 0xFF) / 256.0));
        }

        return drawn;
    }

    /// <summary>Computes M·X, and the sum of the squares of M's elements.</summary>
    private static ThinMatrix Forward(
        IRowSource matrix, ThinMatrix x, IThinProducts products, out double squares, CancellationToken cancel)
    {
        var product = new ThinMatrix(matrix.Rows, x.Columns);
        products.Begin(x, product, isTransposed: false);
        double sum = 0;
        ForEachStrip(matrix, cancel, (row, strip) =>
        {
            products.Add(strip, row);
            foreach (float value in strip)
                sum += (double)value * value;
        });
        products.End();
        squares = sum;
        return product;
    }

    private static ThinMatrix Backward(IRowSource matrix, ThinMatrix x, IThinProducts products, CancellationToken cancel)
    {
        var product = new ThinMatrix(matrix.Columns, x.Columns);
        products.Begin(x, product, isTransposed: true);
        ForEachStrip(matrix, cancel, (row, strip) => products.Add(strip, row));
        products.End();
        return product;
    }

    /// <summary>Goes over a matrix in strips of whole rows.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="cancel">Token that stops between strips.</param>
    /// <param name="visit">Receives the index of the first row, and the rows.</param>
    public static void ForEachStrip(IRowSource matrix, CancellationToken cancel, StripVisitor visit)
    {
        int rows = Math.Clamp(StripNumbers / matrix.Columns, 1, matrix.Rows);
        float[] strip = ArrayPool<float>.Shared.Rent(checked(rows * matrix.Columns));
        try
        {
            for (int row = 0; row < matrix.Rows; row += rows)
            {
                cancel.ThrowIfCancellationRequested();
                Span<float> values = strip.AsSpan(0, Math.Min(rows, matrix.Rows - row) * matrix.Columns);
                matrix.Read(row, values);
                visit(row, values);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(strip);
        }
    }

    /// <summary>Takes a strip of whole rows.</summary>
    /// <param name="firstRow">Index of the first row.</param>
    /// <param name="values">The rows, which may be overwritten.</param>
    public delegate void StripVisitor(int firstRow, Span<float> values);
}
