using System.Runtime.InteropServices;
using DemEngine.Memory;

namespace DemEngine.Numerics.LowRank;

/// <summary>
/// The right factor of a product, laid out as <see cref="LowRankProduct"/> reads it: in panels of <see cref="PanelColumns"/>
/// columns that follow each other in memory, each row by row. So a strip of the product goes once over memory in one direction.
/// Numbers are binary32, undefined until they are set; columns that a last panel lacks are zeros.
/// </summary>
internal sealed class PackedFactor
{
    /// <summary>Number of columns in a panel.</summary>
    public const int PanelColumns = 16;

    private readonly AlignedSingles _numbers;
    private float[]? _norms;

    /// <param name="rank">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    public PackedFactor(int rank, int columns)
    {
        Rank = rank;
        Columns = columns;
        _numbers = new AlignedSingles(checked((columns + PanelColumns - 1) / PanelColumns * PanelColumns * rank));
        int whole = columns / PanelColumns * PanelColumns * rank;
        _numbers.Span[whole..].Clear();
    }

    /// <summary>Bytes that a factor takes in memory, with the norms of its columns.</summary>
    /// <param name="rank">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    public static long BytesOf(long rank, long columns) =>
        (columns + PanelColumns - 1) / PanelColumns * PanelColumns * (rank + 1) * sizeof(float);

    /// <summary>Number of rows.</summary>
    public int Rank { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Sets a part of a row.</summary>
    /// <param name="row">Index of the row.</param>
    /// <param name="firstColumn">Index of the part's first column.</param>
    /// <param name="numbers">Its numbers, which are binary32 values.</param>
    public void Set(int row, int firstColumn, ReadOnlySpan<double> numbers)
    {
        while (numbers.Length > 0)
        {
            int within = firstColumn % PanelColumns;
            ReadOnlySpan<double> ofPanel = numbers[..Math.Min(numbers.Length, PanelColumns - within)];
            Span<float> target = RowOf(firstColumn / PanelColumns, row).Slice(within, ofPanel.Length);
            for (int k = 0; k < target.Length; k++)
                target[k] = (float)ofPanel[k];
            firstColumn += ofPanel.Length;
            numbers = numbers[ofPanel.Length..];
        }
    }

    /// <summary>One number.</summary>
    /// <param name="row">Index of its row.</param>
    /// <param name="column">Index of its column.</param>
    public ref float this[int row, int column] =>
        ref _numbers.Span[(((column / PanelColumns * Rank) + row) * PanelColumns) + (column % PanelColumns)];

    /// <summary>The panel that holds a column: <see cref="PanelColumns"/> numbers of each row, and the panels after it.</summary>
    /// <param name="column">Index of the column.</param>
    public ReadOnlySpan<byte> PanelsFrom(int column) =>
        MemoryMarshal.AsBytes(_numbers.Span[(column / PanelColumns * PanelColumns * Rank)..]);

    /// <summary>A column: its numbers are <see cref="PanelColumns"/> apart, from the first on.</summary>
    /// <param name="column">Index of the column.</param>
    public ReadOnlySpan<float> ColumnFrom(int column) =>
        _numbers.Span[((column / PanelColumns * PanelColumns * Rank) + (column % PanelColumns))..];

    /// <summary>
    /// The norm of each column in which rows count by their <see cref="WeightOf"/>, √Σ tₖ·rₖ², rounded up; zeros for the columns
    /// that a last panel lacks. The numbers must have been set before.
    /// </summary>
    public ReadOnlySpan<float> WeightedNorms => _norms ??= WeightedNormsOf();

    /// <summary>Weight of a row in norms of columns: about how often <see cref="LowRankEstimate"/> rounds its products.</summary>
    /// <param name="row">Index of the row.</param>
    /// <param name="rank">Number of rows.</param>
    public static double WeightOf(int row, int rank) => LowRankEstimate.RoundingsOf(row, rank) + 7;

    private Span<float> RowOf(int panel, int row) => _numbers.Span.Slice(((panel * Rank) + row) * PanelColumns, PanelColumns);

    private float[] WeightedNormsOf()
    {
        var norms = new float[(Columns + PanelColumns - 1) / PanelColumns * PanelColumns];
        Span<double> sums = stackalloc double[PanelColumns];
        for (int panel = 0; panel < norms.Length / PanelColumns; panel++)
        {
            sums.Clear();
            for (int row = 0; row < Rank; row++)
            {
                double weight = WeightOf(row, Rank);
                ReadOnlySpan<float> numbers = RowOf(panel, row);
                for (int k = 0; k < sums.Length; k++)
                    sums[k] += weight * ((double)numbers[k] * numbers[k]);
            }

            // The next number is larger than the root, however that and the sum were rounded.
            Span<float> ofPanel = norms.AsSpan(panel * PanelColumns, PanelColumns);
            for (int k = 0; k < sums.Length; k++)
                ofPanel[k] = MathF.BitIncrement((float)(Math.Sqrt(sums[k]) * (1 + 1e-10)));
        }

        return norms;
    }
}
