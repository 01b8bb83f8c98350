using System.Buffers;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The product of two thin factors times a number, m = s·L·R, computed block by block in a fixed order; see
/// <see cref="LowRankProduct"/>. With s = α/r it is the change of LoRA (arXiv 2106.09685), with α/√r that of its rank-stabilised
/// form (rsLoRA, arXiv 2312.03732).
/// </summary>
internal sealed class ProductMatrix : WeightMatrix, ILowRankMatrix
{
    // A block of the right factor stays in the second-level cache while all rows go over it.
    private const int BlockNumbers = 131_072;
    private const int MostRows = 1024;

    // A part of this share of a row, such as a sample, is computed without laying out the whole right factor for it.
    private const int SmallShare = 8;

    // Of factors of a high rank only parts are in memory: 8 MiB of the left one, and 4 of the right one where the whole of it
    // would take more than PackedFactors keeps.
    private const int MostNumbers = 1 << 20;
    private const int MostRank = 1 << 16;

    private readonly IFactor _left;
    private readonly IFactor _right;
    private readonly double _scale;
    private readonly PackedFactors _packed;

    /// <param name="left">L, rows × rank.</param>
    /// <param name="right">R, rank × columns.</param>
    /// <param name="packed">Right factors of the adapter.</param>
    /// <param name="scale">The factor s.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the factors have different ranks, or far too high ones.</exception>
    public ProductMatrix(IFactor left, IFactor right, PackedFactors packed, double scale = 1)
        : base(left.Rows, right.Columns)
    {
        if (left.Columns != right.Rows)
            throw AdapterFault.Wrong(
                left.Parts[0], $"its rank is {left.Columns}, that of {right.Parts[0].Spec.Name} is {right.Rows}");
        if (left.Columns > MostRank)
            throw AdapterFault.Wrong(left.Parts[0], $"its rank is {left.Columns}, and ranks up to {MostRank} are read");
        _left = left;
        _right = right;
        _packed = packed;
        _scale = scale;
        Parts = [.. left.Parts, .. right.Parts];
        if (IsPacked)
            packed.Expect(right);
    }

    /// <summary>Number of columns of L and of rows of R.</summary>
    public int Rank => _left.Columns;

    public double Scale => _scale;

    public override ILowRankMatrix? LowRank => IsPacked ? this : null;

    public override string Form => $"a product of rank {Rank}";

    public override IReadOnlyList<StoredTensor> Parts { get; }

    // A thread may go on with a right factor that others have made room for.
    public override ComputingMemory Memory
    {
        get
        {
            long right = IsPacked ? PackedFactor.BytesOf(Rank, Columns) : (long)MostNumbers * sizeof(float);
            long left = Math.Min(Math.Max(MostNumbers, Rank), Math.Min(MostRows, Rows) * (long)Rank);
            return new ComputingMemory(
                _packed.Bytes,
                right + PackedFactors.StripBytes + ComputingMemory.Rented(left, sizeof(double) + sizeof(float)));
        }
    }

    private bool IsPacked => _packed.Takes(_right);

    public FactorUse UseRight() => _packed.Of(_right);

    public void ReadLeft(int firstRow, int rows, Span<double> left) => _left.Read(firstRow, rows, 0, Rank, left, Rank);

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
        double[] rented = ArrayPool<double>.Shared.Rent(leftNumbers);
        try
        {
            Span<double> left = rented.AsSpan(0, leftNumbers);
            ReadLeft(firstRow, part.Rows, left);
            bool isSmall = part.Rows * part.Columns < Columns / SmallShare;
            using FactorUse? right = !IsPacked ? null : isSmall ? _packed.Find(_right) : UseRight();
            if (right is not null)
            {
                Add(left, right.Factor, firstColumn, part, startsFromZero);
                return;
            }

            int wide = MultipleOf(MostNumbers / Rank);
            for (int column = 0; column < part.Columns; column += wide)
            {
                int columns = Math.Min(wide, part.Columns - column);
                Add(
                    left, PackedFactors.Pack(_right, firstColumn + column, columns), 0, part.Slice(column, columns),
                    startsFromZero);
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(rented);
        }
    }

    private void Add(ReadOnlySpan<double> left, PackedFactor right, int firstColumn, MatrixPart part, bool startsFromZero)
    {
        int wide = MultipleOf(BlockNumbers / Math.Max(1, Rank));
        for (int column = 0, columns; column < part.Columns; column += columns)
        {
            // Blocks end where panels do.
            int first = firstColumn + column;
            columns = Math.Min(wide - (first % PackedFactor.PanelColumns), part.Columns - column);
            LowRankProduct.Add(left, right, first, _scale, part.Slice(column, columns), startsFromZero);
        }
    }

    private static int MultipleOf(int columns) =>
        Math.Max(1, columns / PackedFactor.PanelColumns) * PackedFactor.PanelColumns;
}
