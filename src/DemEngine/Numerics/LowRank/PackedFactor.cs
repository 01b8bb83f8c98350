using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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
    /// <param name="memory">
    /// Memory of a factor that is not used any more, of <see cref="NumbersOf"/> numbers; null for new memory.
    /// </param>
    public PackedFactor(int rank, int columns, AlignedSingles? memory = null)
    {
        Rank = rank;
        Columns = columns;
        int numbers = NumbersOf(rank, columns);
        _numbers = memory ?? new AlignedSingles(numbers);
        ArgumentOutOfRangeException.ThrowIfNotEqual(_numbers.Length, numbers, nameof(memory));
        int whole = columns / PanelColumns * PanelColumns * rank;
        _numbers.Span[whole..].Clear();
    }

    /// <summary>Length of a factor's memory, as a number of binary32 numbers.</summary>
    /// <param name="rank">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    public static int NumbersOf(int rank, int columns) =>
        checked((columns + PanelColumns - 1) / PanelColumns * PanelColumns * rank);

    /// <summary>Bytes that a factor takes in memory, with the norms of its columns.</summary>
    /// <param name="rank">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    public static long BytesOf(long rank, long columns) =>
        (columns + PanelColumns - 1) / PanelColumns * PanelColumns * (rank + 1) * sizeof(float);

    /// <summary>The factor's memory, which another one may have once this one is not used any more.</summary>
    public AlignedSingles Memory => _numbers;

    /// <summary>Number of rows.</summary>
    public int Rank { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Sets some columns.</summary>
    /// <param name="firstColumn">Index of the first one.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="numbers">Their numbers, row by row, which are binary32 values.</param>
    public void Set(int firstColumn, int columns, ReadOnlySpan<double> numbers)
    {
        // Panel by panel, so that memory is written in one direction.
        for (int column = 0, count; column < columns; column += count)
        {
            int within = (firstColumn + column) % PanelColumns;
            count = Math.Min(columns - column, PanelColumns - within);
            for (int row = 0; row < Rank; row++)
            {
                ReadOnlySpan<double> ofRow = numbers.Slice((row * columns) + column, count);
                Convert(ofRow, RowOf((firstColumn + column) / PanelColumns, row).Slice(within, count));
            }
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
    /// The norm of each column in which rows count by their <see cref="WeightOf"/>, √Σ tₖ·rₖ², rounded up where it is a normal
    /// number; zeros for the columns that a last panel lacks. The numbers must have been set before.
    /// </summary>
    public ReadOnlySpan<float> WeightedNorms => _norms ??= WeightedNormsOf();

    /// <summary>Weight of a row in norms of columns: about how often <see cref="LowRankEstimate"/> rounds its products.</summary>
    /// <param name="row">Index of the row.</param>
    /// <param name="rank">Number of rows.</param>
    public static double WeightOf(int row, int rank) => LowRankEstimate.RoundingsOf(row, rank) + 4;

    private static void Convert(ReadOnlySpan<double> numbers, Span<float> converted)
    {
        if (numbers.Length == PanelColumns)
        {
            Vector512.Narrow(Vector512.Create(numbers), Vector512.Create(numbers[(PanelColumns / 2)..])).CopyTo(converted);
            return;
        }

        for (int k = 0; k < converted.Length; k++)
            converted[k] = (float)numbers[k];
    }

    private Span<float> RowOf(int panel, int row) => _numbers.Span.Slice(((panel * Rank) + row) * PanelColumns, PanelColumns);

    private float[] WeightedNormsOf()
    {
        var norms = new float[(Columns + PanelColumns - 1) / PanelColumns * PanelColumns];
        for (int panel = 0; panel < norms.Length / PanelColumns; panel++)
        {
            Vector512<double> lower = default, upper = default;
            for (int row = 0; row < Rank; row++)
            {
                var (first, second) = Vector512.Widen(Vector512.Create<float>(RowOf(panel, row)));
                double weight = WeightOf(row, Rank);
                lower += first * first * weight;
                upper += second * second * weight;
            }

            // Both factors are larger than what the sums, the roots and their conversion are off by.
            Vector512<float> roots = Vector512.Narrow(
                Vector512.Sqrt(lower) * (1 + 1e-10), Vector512.Sqrt(upper) * (1 + 1e-10));
            (roots * (1 + (1f / (1 << 22)))).CopyTo(norms, panel * PanelColumns);
        }

        return norms;
    }
}
