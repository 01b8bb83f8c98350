using System.Buffers;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The product of two thin factors times a number, m = s·L·R, computed block by block in a fixed order; see
/// <see cref="LowRankProduct"/>. With s = α/r it is the change of LoRA (arXiv 2106.09685), with α/√r that of its rank-stabilised
/// form (rsLoRA, arXiv 2312.03732).
/// </summary>
internal sealed class ProductMatrix : WeightMatrix
{
    // A block of the right factor stays in the second-level cache while all rows go over it.
    private const int BlockNumbers = 32_768;
    private const int MostColumns = 1024;
    private const int MostRows = 1024;

    // Of factors of a high rank only parts are in memory, 8 MiB of each at most.
    private const int MostNumbers = 1 << 20;
    private const int MostRank = 1 << 16;

    private readonly IFactor _left;
    private readonly IFactor _right;
    private readonly double _scale;
    private readonly int _blockColumns;

    /// <param name="left">L, rows × rank.</param>
    /// <param name="right">R, rank × columns.</param>
    /// <param name="scale">The factor s.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the factors have different ranks, or far too high ones.</exception>
    public ProductMatrix(IFactor left, IFactor right, double scale = 1)
        : base(left.Rows, right.Columns)
    {
        if (left.Columns != right.Rows)
            throw AdapterFault.Wrong(
                left.Parts[0], $"its rank is {left.Columns}, that of {right.Parts[0].Spec.Name} is {right.Rows}");
        if (left.Columns > MostRank)
            throw AdapterFault.Wrong(left.Parts[0], $"its rank is {left.Columns}, and ranks up to {MostRank} are read");
        _left = left;
        _right = right;
        _scale = scale;
        _blockColumns = Math.Min(MostColumns, MultipleOf(BlockNumbers / Rank));
        Parts = [.. left.Parts, .. right.Parts];
    }

    /// <summary>Number of columns of L and of rows of R.</summary>
    public int Rank => _left.Columns;

    public override string Form => $"a product of rank {Rank}";

    public override IReadOnlyList<StoredTensor> Parts { get; }

    public override void AddTo(long first, Span<float> values) => Run(first, values, startsFromZero: false);

    public override void Read(long first, Span<float> values) => Run(first, values, startsFromZero: true);

    private void Run(long first, Span<float> values, bool startsFromZero)
    {
        var (row, column) = Math.DivRem(first, Columns);
        if (column > 0)
        {
            int count = (int)Math.Min(Columns - column, values.Length);
            Add((int)row++, (int)column, new MatrixPart(values, 1, count, count), startsFromZero);
            values = values[count..];
        }

        while (values.Length >= Columns)
        {
            int rows = Math.Min(values.Length / Columns, Math.Clamp(MostNumbers / Rank, 1, MostRows));
            Add((int)row, 0, new MatrixPart(values, rows, Columns, Columns), startsFromZero);
            row += rows;
            values = values[(rows * Columns)..];
        }

        if (!values.IsEmpty)
            Add((int)row, 0, new MatrixPart(values, 1, values.Length, values.Length), startsFromZero);
    }

    private void Add(int firstRow, int firstColumn, MatrixPart part, bool startsFromZero)
    {
        int leftNumbers = part.Rows * Rank;
        int wide = Math.Min(part.Columns, MultipleOf(MostNumbers / Rank));
        double[] left = ArrayPool<double>.Shared.Rent(leftNumbers);
        double[] right = ArrayPool<double>.Shared.Rent(LowRankProduct.Stride(wide) * Rank);
        try
        {
            _left.Read(firstRow, part.Rows, 0, Rank, left, Rank);
            for (int column = 0; column < part.Columns; column += wide)
            {
                int columns = Math.Min(wide, part.Columns - column);
                int stride = LowRankProduct.Stride(columns);
                if (stride > columns)
                    right.AsSpan(0, stride * Rank).Clear();
                _right.Read(0, Rank, firstColumn + column, columns, right, stride);
                Add(
                    left.AsSpan(0, leftNumbers),
                    right.AsSpan(0, stride * Rank),
                    stride,
                    part.Slice(column, columns),
                    startsFromZero);
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(left);
            ArrayPool<double>.Shared.Return(right);
        }
    }

    private void Add(
        ReadOnlySpan<double> left, ReadOnlySpan<double> right, int stride, MatrixPart part, bool startsFromZero)
    {
        for (int column = 0; column < part.Columns; column += _blockColumns)
            LowRankProduct.Add(
                left,
                right[column..],
                stride,
                Rank,
                _scale,
                part.Slice(column, Math.Min(_blockColumns, part.Columns - column)),
                startsFromZero);
    }

    private static int MultipleOf(int columns) =>
        Math.Max(1, columns / LowRankProduct.ColumnMultiple) * LowRankProduct.ColumnMultiple;
}
