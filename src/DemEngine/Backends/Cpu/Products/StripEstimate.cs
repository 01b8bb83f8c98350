using System.Runtime.Intrinsics;
using DemEngine.Memory;
using DemEngine.Numerics.LowRank;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Products;

/// <summary>
/// The sum of a strip's low-rank changes with their weights, p = Σ wᵢ·sᵢ·(Lᵢ·Rᵢ), in binary32, and bounds on its errors: the
/// product of a number of the row with one of the column.
/// </summary>
/// <remarks>
/// Let u = 2⁻²⁴, n be the number of changes, and i be one of them, from 0 on. To the roundings of step k that
/// <see cref="LowRankEstimate"/> counts, rounding the coefficients adds one, adding the products up n − max(i, 1), as the first
/// stands where the sum begins, and the definition of an element, which rounds m or w + m once to binary32, one. With vₖ of them
/// for a step, and v of them at most, a product is off by less than u/(1 − v·u)·Σ vₖ·|cₖ||rₖ|. By the inequality of Cauchy and
/// Schwarz that is at most aᵢ·bᵢ for any weights tₖ, with aᵢ = u/(1 − v·u)·√Σ(vₖ²/tₖ)·cₖ² of the row and bᵢ = √Σ tₖ·rₖ² of the
/// column (see <see cref="PackedFactor.WeightOf"/>), and all together at most √Σ λᵢ·aᵢ² · √Σ bᵢ²/λᵢ for any λᵢ. These bounds are
/// near their sum, Σ aᵢ·bᵢ, where λᵢ is about bᵢ/aᵢ. A factor next to 1 covers what is rounded in binary64 and in the bound
/// itself, a constant that is added to aᵢ covers coefficients that underflow, so that the bound of a row is never 0.
/// </remarks>
internal sealed class StripEstimate<TWidth, TVector>
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int Rows = LowRankEstimate.Rows;
    private const int Panel = PackedFactor.PanelColumns;
    private const double Unit = 1.0 / (1 << 24) * (1 + (1.0 / 4096));
    private const double Underflow = 1e-36;

    // Balances beyond these could leave the range of binary32.
    private const double LargestBalance = 1e9;

    private readonly float[] _rowBounds = new float[Rows];
    private float[] _coefficients = [];
    private float[] _columnBounds = [];
    private double[] _rowSquares = [];
    private double[] _balances = [];
    private double _underflow;
    private int _changes;
    private int _stripCoefficients;
    private int _firstCoefficient;
    private AlignedSingles _sums = AlignedSingles.Empty;
    private int _firstColumn;
    private int _stripColumn;
    private int _stride;
    private int _skipped;

    /// <summary>Begins columns: computes their bounds, and what those of rows are computed from.</summary>
    /// <param name="changes">The changes, with their weights.</param>
    /// <param name="column">Index in the matrix of the first column.</param>
    /// <param name="columns">Number of columns.</param>
    public void BeginColumns(ReadOnlySpan<ChangedTerm> changes, int column, int columns)
    {
        int firstPanel = column / Panel;
        int panels = ((column + columns - 1) / Panel) - firstPanel + 1;
        _firstColumn = firstPanel * Panel;
        _balances = new double[changes.Length];
        Ensure(ref _columnBounds, panels * Panel);
        Span<float> squares = _columnBounds.AsSpan(0, panels * Panel);
        squares.Clear();
        for (int i = 0; i < changes.Length; i++)
        {
            ReadOnlySpan<float> norms = changes[i].Right.WeightedNorms.Slice(_firstColumn, squares.Length);
            _balances[i] = Balance(changes[i], norms);
            AddSquares(norms, (float)Math.Sqrt(1 / _balances[i]), squares);
        }

        _underflow = Underflow * Math.Sqrt(_balances.Sum());
        ToRoots(squares);
    }

    /// <summary>
    /// Begins any number of rows, which belong to strips of <see cref="LowRankEstimate.Rows"/>: multiplies the left factors with
    /// weight and scale, and computes what the bounds of the rows are made of.
    /// </summary>
    /// <param name="changes">The changes, with their weights.</param>
    /// <param name="row">Index in the matrix of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    public void BeginRows(ReadOnlySpan<ChangedTerm> changes, int row, int rows)
    {
        int ranks = 0;
        foreach (ChangedTerm change in changes)
            ranks += change.Change.Rank;
        int strips = (rows + Rows - 1) / Rows;
        _stripCoefficients = ranks * Rows;
        double[] weights = RowWeights(changes);
        _changes = changes.Length;
        Ensure(ref _coefficients, strips * _stripCoefficients);
        Ensure(ref _rowSquares, strips * Rows * changes.Length);
        if (rows % Rows > 0)
            _coefficients.AsSpan((strips - 1) * _stripCoefficients, _stripCoefficients).Clear();
        int before = 0;
        for (int i = 0; i < changes.Length; i++)
        {
            int rank = changes[i].Change.Rank;
            double factor = changes[i].Weight * changes[i].Change.Scale;
            ReadOnlySpan<double> left = changes[i].Left(row, rows);
            for (int r = 0; r < rows; r++)
            {
                int first = (r / Rows * _stripCoefficients) + (before * Rows) + (r % Rows);
                _rowSquares[(r * changes.Length) + i] = BeginRow(
                    left.Slice(r * rank, rank), factor, weights.AsSpan(before, rank), _coefficients.AsSpan(first));
            }

            before += rank;
        }
    }

    /// <summary>Begins a strip of the rows and columns that were begun: computes the bounds of its rows.</summary>
    /// <param name="strip">Index of the strip among the rows.</param>
    /// <param name="rows">Number of its rows.</param>
    public void BeginStrip(int strip, int rows)
    {
        _firstCoefficient = strip * _stripCoefficients;
        ReadOnlySpan<double> squares = _rowSquares.AsSpan(strip * Rows * _changes);
        for (int r = 0; r < rows; r++)
        {
            double sum = 0;
            for (int i = 0; i < _changes; i++)
                sum += _balances[i] * squares[(r * _changes) + i];
            _rowBounds[r] = (float)(Math.Sqrt(sum) + _underflow);
        }
    }

    /// <summary>Computes a strip of the rows and columns that were begun.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="strip">The strip.</param>
    public void Compute(ReadOnlySpan<ChangedTerm> changes, in Strip strip)
    {
        int panels = ((strip.Column + strip.Columns - 1) / Panel) - (strip.Column / Panel) + 1;
        _skipped = strip.Column % Panel;
        _stripColumn = strip.Column - _firstColumn;
        _stride = LowRankEstimate.StrideOf(panels * Panel);
        if (_sums.Length < Rows * _stride)
            _sums = new AlignedSingles(Rows * _stride);
        ReadOnlySpan<float> coefficients = _coefficients.AsSpan(_firstCoefficient);
        for (int i = 0; i < changes.Length; i++)
        {
            int count = changes[i].Change.Rank * Rows;
            LowRankEstimate.Add<TWidth, TVector>(
                coefficients[..count], strip.Rows, changes[i].Right.PanelsFrom(strip.Column), panels, _sums.Span,
                startsFromZero: i == 0);
            coefficients = coefficients[count..];
        }
    }

    /// <summary>The estimates of a row, from the strip's first column on.</summary>
    /// <param name="row">Index in the strip of the row.</param>
    public ReadOnlySpan<float> SumsOf(int row) => _sums.Span[((row * _stride) + _skipped)..];

    /// <summary>For each row of the strip the factor by which the bounds of the columns bound its estimates' errors.</summary>
    public ReadOnlySpan<float> RowBounds => _rowBounds;

    /// <summary>The factors of the columns, from the strip's first one on.</summary>
    public ReadOnlySpan<float> ColumnBounds => _columnBounds.AsSpan(_stripColumn);

    /// <summary>Multiplies a row of a left factor with a number, and sums the squares with their weights.</summary>
    /// <param name="numbers">The row.</param>
    /// <param name="factor">The number.</param>
    /// <param name="weights">Weights of the squares.</param>
    /// <param name="coefficients">Receives the products, <see cref="LowRankEstimate.Rows"/> apart.</param>
    private static double BeginRow(
        ReadOnlySpan<double> numbers, double factor, ReadOnlySpan<double> weights, Span<float> coefficients)
    {
        Vector512<double> sums = default;
        int k = 0;
        for (; k <= numbers.Length - Vector512<double>.Count; k += Vector512<double>.Count)
        {
            Vector512<double> products = Vector512.Create(numbers[k..]) * factor;
            sums += Vector512.Create(weights[k..]) * (products * products);
            Vector256<float> singles = Vector512.Narrow(products, products).GetLower();
            for (int lane = 0; lane < Vector256<float>.Count; lane++)
                coefficients[(k + lane) * Rows] = singles[lane];
        }

        double sum = Vector512.Sum(sums);
        for (; k < numbers.Length; k++)
        {
            double product = factor * numbers[k];
            sum += weights[k] * (product * product);
            coefficients[k * Rows] = (float)product;
        }

        return sum;
    }

    /// <summary>
    /// The weights vₖ²/tₖ that numbers of the left factors have in the bounds of their rows, times u²/(1 − v·u)².
    /// </summary>
    private static double[] RowWeights(ReadOnlySpan<ChangedTerm> changes)
    {
        var weights = new List<double>();
        for (int i = 0; i < changes.Length; i++)
        {
            int rank = changes[i].Change.Rank;
            int others = changes.Length - Math.Max(i, 1) + 2;
            double error = Unit / (1 - ((rank + others) * Unit));
            for (int k = 0; k < rank; k++)
            {
                double roundings = (LowRankEstimate.RoundingsOf(k, rank) + others) * error;
                weights.Add(roundings * roundings / PackedFactor.WeightOf(k, rank));
            }
        }

        return [.. weights];
    }

    /// <summary>
    /// The ratio of a change's bounds of columns to those of rows, by their mean squares, but for a common factor.
    /// </summary>
    private static double Balance(ChangedTerm change, ReadOnlySpan<float> columnNorms)
    {
        Vector512<float> sums = default;
        for (int k = 0; k < columnNorms.Length; k += Panel)
        {
            Vector512<float> norms = Vector512.Create(columnNorms[k..]);
            sums += norms * norms;
        }

        double ofRows = Math.Abs(change.Weight * change.Change.Scale) * change.LeftNorm;
        double balance = Math.Sqrt(Vector512.Sum(sums) / columnNorms.Length) / ofRows;
        return balance > 0 && double.IsFinite(balance) ? Math.Clamp(balance, 1 / LargestBalance, LargestBalance) : 1;
    }

    private static void AddSquares(ReadOnlySpan<float> numbers, float factor, Span<float> squares)
    {
        for (int k = 0; k < squares.Length; k += Panel)
        {
            Vector512<float> scaled = Vector512.Create(numbers[k..]) * factor;
            (Vector512.Create<float>(squares[k..]) + (scaled * scaled)).CopyTo(squares[k..]);
        }
    }

    // The constant covers squares that underflow.
    private static void ToRoots(Span<float> squares)
    {
        for (int k = 0; k < squares.Length; k += Panel)
            (Vector512.Sqrt(Vector512.Create<float>(squares[k..])) + Vector512.Create(1e-21f)).CopyTo(squares[k..]);
    }

    private static void Ensure<T>(ref T[] numbers, int count)
    {
        if (numbers.Length < count)
            numbers = GC.AllocateUninitializedArray<T>(count);
    }
}
