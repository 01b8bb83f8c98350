using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics.LowRank;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Products;

/// <summary>
/// The sum of a strip's low-rank changes with their weights, p = Σ wᵢ·sᵢ·(Lᵢ·Rᵢ), in binary32, and a bound on its error. The
/// bound is itself a product of thin matrices, of norms of the left factors' rows with norms of the right factors' columns.
/// </summary>
/// <remarks>
/// Let u = 2⁻²⁴ and n be the number of changes. To the r − k + 1 roundings of step k that <see cref="LowRankEstimate"/> counts,
/// rounding the coefficients adds one, adding the products up n, and the definition of an element, which rounds m or w + m once
/// to binary32, one; two more cover what is rounded in the bound itself. With v of them for a step the estimate is off by less
/// than u/(1 − v₀·u)·Σ vₖ·|cₖ||rₖ|, which for any weights tₖ is at most √Σ(vₖ²/tₖ)·cₖ² · √Σ tₖ·rₖ² (Cauchy and Schwarz); see
/// <see cref="PackedFactor.WeightOf"/>. Coefficients that underflow are covered by a constant that is added to their norm.
/// </remarks>
internal sealed class StripEstimate<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int Rows = LowRankEstimate.Rows;
    private const int Panel = PackedFactor.PanelColumns;
    private const double Unit = 1.0 / (1 << 24);
    private const double Underflow = 1e-36;

    private float[] _coefficients = [];
    private float[] _rowNorms = [];
    private double[] _rowWeights = [];
    private AlignedSingles _columnNorms = AlignedSingles.Empty;
    private AlignedSingles _sums = AlignedSingles.Empty;
    private AlignedSingles _bounds = AlignedSingles.Empty;
    private int _firstPanel;
    private int _stride;
    private int _skipped;

    /// <summary>
    /// Begins columns: lays out the norms of the right factors' columns as a factor with a row for each change, and the weights
    /// that numbers of the left factors have in the norms of their rows.
    /// </summary>
    /// <param name="changes">The changes.</param>
    /// <param name="column">Index in the matrix of the first column.</param>
    /// <param name="columns">Number of columns.</param>
    public void BeginColumns(ReadOnlySpan<ChangedTerm> changes, int column, int columns)
    {
        _firstPanel = column / Panel;
        int panels = ((column + columns - 1) / Panel) - _firstPanel + 1;
        Ensure(ref _columnNorms, panels * Panel * changes.Length);
        _rowWeights = RowWeights(changes);
        for (int i = 0; i < changes.Length; i++)
        {
            ReadOnlySpan<float> norms = changes[i].Right.WeightedNorms[(_firstPanel * Panel)..];
            for (int panel = 0; panel < panels; panel++)
                norms.Slice(panel * Panel, Panel).CopyTo(_columnNorms.Span[(((panel * changes.Length) + i) * Panel)..]);
        }
    }

    /// <summary>
    /// Begins rows: multiplies the left factors with weight and scale, and notes their rows' norms times the error's factor.
    /// </summary>
    /// <param name="changes">The changes, with their weights.</param>
    /// <param name="row">Index in the matrix of the first row.</param>
    /// <param name="rows">Number of rows, up to <see cref="LowRankEstimate.Rows"/>.</param>
    public void BeginRows(ReadOnlySpan<ChangedTerm> changes, int row, int rows)
    {
        int ranks = 0;
        foreach (ChangedTerm change in changes)
            ranks += change.Change.Rank;
        Ensure(ref _coefficients, ranks * Rows);
        Ensure(ref _rowNorms, changes.Length * Rows);
        Span<float> coefficients = _coefficients.AsSpan(0, ranks * Rows);
        coefficients.Clear();
        ReadOnlySpan<double> weights = _rowWeights;
        for (int i = 0; i < changes.Length; i++)
        {
            int rank = changes[i].Change.Rank;
            double errors = 2 * Unit / (1 - (RoundingsOf(0, rank, changes.Length) * Unit));
            double factor = changes[i].Weight * changes[i].Change.Scale;
            ReadOnlySpan<double> left = changes[i].Left(row, rows);
            Span<float> norms = _rowNorms.AsSpan(i * Rows, Rows);
            norms.Fill((float)Underflow);
            for (int r = 0; r < rows; r++)
            {
                double squares = 0;
                ReadOnlySpan<double> numbers = left.Slice(r * rank, rank);
                for (int k = 0; k < numbers.Length; k++)
                {
                    double coefficient = factor * numbers[k];
                    squares += weights[k] * (coefficient * coefficient);
                    coefficients[(k * Rows) + r] = (float)coefficient;
                }

                norms[r] = (float)((errors * Math.Sqrt(squares)) + Underflow);
            }

            coefficients = coefficients[(rank * Rows)..];
            weights = weights[rank..];
        }
    }

    /// <summary>Computes a strip of the rows and columns that were begun.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="strip">The strip.</param>
    public void Compute(ReadOnlySpan<ChangedTerm> changes, in Strip strip)
    {
        int firstPanel = strip.Column / Panel;
        int panels = ((strip.Column + strip.Columns - 1) / Panel) - firstPanel + 1;
        _skipped = strip.Column % Panel;
        _stride = LowRankEstimate.StrideOf(panels * Panel);
        Ensure(ref _sums, Rows * _stride);
        Ensure(ref _bounds, Rows * _stride);
        ReadOnlySpan<float> coefficients = _coefficients;
        for (int i = 0; i < changes.Length; i++)
        {
            int count = changes[i].Change.Rank * Rows;
            LowRankEstimate.Add<TWidth, TVector>(
                coefficients[..count], strip.Rows, changes[i].Right.PanelsFrom(strip.Column), panels, _sums.Span,
                startsFromZero: i == 0);
            coefficients = coefficients[count..];
        }

        LowRankEstimate.Add<TWidth, TVector>(
            _rowNorms.AsSpan(0, changes.Length * Rows),
            strip.Rows,
            MemoryMarshal.AsBytes(_columnNorms.Span[((firstPanel - _firstPanel) * Panel * changes.Length)..]),
            panels,
            _bounds.Span,
            startsFromZero: true);
    }

    /// <summary>The estimates of a row, from the strip's first column on.</summary>
    /// <param name="row">Index in the strip of the row.</param>
    public Span<float> SumsOf(int row) => _sums.Span[((row * _stride) + _skipped)..];

    /// <summary>Twice the bounds on the errors of a row's estimates, from the strip's first column on.</summary>
    /// <param name="row">Index in the strip of the row.</param>
    public Span<float> BoundsOf(int row) => _bounds.Span[((row * _stride) + _skipped)..];

    private static double[] RowWeights(ReadOnlySpan<ChangedTerm> changes)
    {
        var weights = new List<double>();
        foreach (ChangedTerm change in changes)
        {
            int rank = change.Change.Rank;
            for (int k = 0; k < rank; k++)
                weights.Add(Math.Pow(RoundingsOf(k, rank, changes.Length), 2) / PackedFactor.WeightOf(k, rank));
        }

        return [.. weights];
    }

    private static int RoundingsOf(int step, int rank, int changes) =>
        LowRankEstimate.RoundingsOf(step, rank) + changes + 4;

    private static void Ensure(ref float[] numbers, int count)
    {
        if (numbers.Length < count)
            numbers = GC.AllocateUninitializedArray<float>(count);
    }

    private static void Ensure(ref AlignedSingles numbers, int count)
    {
        if (numbers.Length < count)
            numbers = new AlignedSingles(count);
    }
}
