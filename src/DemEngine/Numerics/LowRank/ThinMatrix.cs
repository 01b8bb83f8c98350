namespace DemEngine.Numerics.LowRank;

/// <summary>
/// A matrix of many rows and few columns, in binary64 and row by row. A row is stored with zeros up to a multiple of
/// <see cref="Multiple"/> numbers, so that loops over it need no rest.
/// </summary>
internal sealed class ThinMatrix
{
    /// <summary>Rows are stored in a multiple of this many numbers.</summary>
    public const int Multiple = 16;

    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    public ThinMatrix(int rows, int columns)
    {
        Rows = rows;
        Columns = columns;
        Stride = (columns + Multiple - 1) / Multiple * Multiple;
        Values = new double[checked(rows * Stride)];
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Numbers that a row is stored in.</summary>
    public int Stride { get; }

    /// <summary>The numbers, row by row.</summary>
    public double[] Values { get; }

    /// <summary>An element.</summary>
    /// <param name="row">Index of its row.</param>
    /// <param name="column">Index of its column.</param>
    public ref double this[int row, int column] => ref Values[(row * Stride) + column];

    /// <summary>Returns a matrix of the same numbers.</summary>
    public ThinMatrix Copy()
    {
        var copy = new ThinMatrix(Rows, Columns);
        Values.CopyTo(copy.Values, 0);
        return copy;
    }

    /// <summary>Returns one column.</summary>
    public double[] Column(int column)
    {
        var values = new double[Rows];
        for (int row = 0; row < Rows; row++)
            values[row] = this[row, column];
        return values;
    }

    /// <summary>Rounds all numbers to binary32, so that their products with binary32 numbers are exact in binary64.</summary>
    public void RoundToSingle()
    {
        for (int k = 0; k < Values.Length; k++)
            Values[k] = (float)Values[k];
    }

    /// <summary>Computes the product with a small square matrix, M·S, in the order of the columns.</summary>
    /// <param name="small">S, as columns: element (i, j) is <c>small[j][i]</c>; at least as many as this has columns.</param>
    /// <param name="columns">Number of columns of the product.</param>
    public ThinMatrix Times(double[][] small, int columns)
    {
        var product = new ThinMatrix(Rows, columns);
        for (int row = 0; row < Rows; row++)
        {
            for (int j = 0; j < columns; j++)
            {
                double sum = 0;
                for (int i = 0; i < Columns; i++)
                    sum += this[row, i] * small[j][i];
                product[row, j] = sum;
            }
        }

        return product;
    }
}
