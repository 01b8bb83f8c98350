using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Adapters;

/// <summary>
/// The two factors of a module's change, named and shaped as PEFT stores them: for a matrix or a convolution A (rank × inputs)
/// and B (outputs × rank), for an embedding the transposes of both the other way round.
/// </summary>
internal sealed class FactorPair
{
    private readonly FactorTensor _left;
    private readonly FactorTensor _right;

    /// <param name="names">Names and shapes of the factors.</param>
    /// <param name="left">L, rows × rank.</param>
    /// <param name="right">R, columns × rank; the change is L·Rᵀ.</param>
    /// <param name="type">Element type that the factors are stored in.</param>
    public FactorPair(FactorNames names, ThinMatrix left, ThinMatrix right, ElementType type)
    {
        Names = names;
        Rank = left.Columns;
        _left = new FactorTensor(
            names.Left, type, names.LeftShape(Rank), names.IsEmbedding ? Transposed(left) : Straight(left));
        _right = new FactorTensor(
            names.Right, type, names.RightShape(Rank), names.IsEmbedding ? Straight(right) : Transposed(right));
    }

    /// <summary>Names and shapes of the factors.</summary>
    public FactorNames Names { get; }

    /// <summary>Rank of the factors.</summary>
    public int Rank { get; }

    /// <summary>The tensors as they are written. The number α is the rank, so that the product is not scaled.</summary>
    public IEnumerable<FactorTensor> Tensors => Names.Alpha is { } alpha
        ? [_right, _left, new FactorTensor(alpha, ElementType.F32, new TensorShape([]), [Rank])]
        : [_right, _left];

    /// <summary>Computes ‖M − L·Rᵀ‖² with the factors as they are stored.</summary>
    /// <param name="matrix">The change M that the factors stand for.</param>
    /// <param name="cancel">Token that stops between strips.</param>
    public double SquaredError(IRowSource matrix, CancellationToken cancel)
    {
        float[] left = _left.Numbers();
        float[] right = _right.Numbers();
        int columns = matrix.Columns;
        var r = new PackedFactor(Rank, columns);
        for (int k = 0; k < Rank; k++)
        {
            for (int j = 0; j < columns; j++)
                r[k, j] = Names.IsEmbedding ? right[(j * Rank) + k] : right[(k * columns) + j];
        }

        double sum = 0;
        RandomizedSvd.ForEachStrip(matrix, cancel, (row, strip) =>
        {
            int rows = strip.Length / columns;
            var l = new double[rows * Rank];
            for (int i = 0; i < rows; i++)
            {
                for (int k = 0; k < Rank; k++)
                    l[(i * Rank) + k] = Names.IsEmbedding ? left[(k * matrix.Rows) + row + i] : left[((row + i) * Rank) + k];
            }

            LowRankProduct.Add(l, r, firstColumn: 0, scale: -1, new MatrixPart(strip, rows, columns, columns));
            foreach (float difference in strip)
                sum += (double)difference * difference;
        });
        return sum;
    }

    private static float[] Straight(ThinMatrix matrix)
    {
        var numbers = new float[matrix.Rows * matrix.Columns];
        for (int i = 0; i < matrix.Rows; i++)
        {
            for (int k = 0; k < matrix.Columns; k++)
                numbers[(i * matrix.Columns) + k] = (float)matrix[i, k];
        }

        return numbers;
    }

    private static float[] Transposed(ThinMatrix matrix)
    {
        var numbers = new float[matrix.Rows * matrix.Columns];
        for (int i = 0; i < matrix.Rows; i++)
        {
            for (int k = 0; k < matrix.Columns; k++)
                numbers[(k * matrix.Rows) + i] = (float)matrix[i, k];
        }

        return numbers;
    }
}
