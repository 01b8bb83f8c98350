using DemEngine.Numerics.LowRank;

namespace DemEngine.Adapters;

/// <summary>The product of two thin matrices by rows, L·Rᵀ, rounded to binary32.</summary>
internal sealed class ProductRows : IRowSource
{
    private readonly ThinMatrix _left;
    private readonly PackedFactor _right;

    /// <param name="left">L, rows × rank, of binary32 numbers.</param>
    /// <param name="right">R, columns × rank, of binary32 numbers.</param>
    public ProductRows(ThinMatrix left, ThinMatrix right)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(left.Columns, right.Columns);
        _left = left;
        Columns = right.Rows;
        _right = new PackedFactor(left.Columns, Columns);
        for (int k = 0; k < left.Columns; k++)
        {
            for (int j = 0; j < Columns; j++)
                _right[k, j] = (float)right[j, k];
        }
    }

    public int Rows => _left.Rows;

    public int Columns { get; }

    public void Read(int firstRow, Span<float> values)
    {
        int rows = values.Length / Columns;
        int rank = _left.Columns;
        var left = new double[rows * rank];
        for (int i = 0; i < rows; i++)
            _left.Values.AsSpan((firstRow + i) * _left.Stride, rank).CopyTo(left.AsSpan(i * rank));
        LowRankProduct.Add(
            left,
            _right,
            firstColumn: 0,
            scale: 1,
            new MatrixPart(values, rows, Columns, Columns),
            startsFromZero: true);
    }
}
