using DemEngine.Backends.Cpu.Linear;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.LowRank;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Products;

/// <summary>
/// Computes linear combinations whose inputs are changed by low-rank matrices, without those inputs: strip by strip, estimated in
/// binary32. Strips where that decides too little are computed from their inputs.
/// </summary>
/// <param name="worker">Worker that combines inputs.</param>
internal sealed class ProductCombiner<TWidth, TVector>(ITileWorker worker) : IDisposable
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int StripRows = LowRankEstimate.Rows;
    private const int MostTerms = 64;
    private const double LargestWeightSum = 1 << 16;

    // Right factors of this many numbers take a quarter of a second-level cache of 2 MiB, and are used by all strips of a tile.
    private const int BlockNumbers = 1 << 17;

    // The sums and bounds of a strip stay in the first-level cache.
    private const int StripColumns = 512;

    // An element that is computed alone costs about as much as sixteen in vectors.
    private const int WorthEstimating = 16;
    private const int Pause = 32;

    private readonly StripEstimate<TWidth, TVector> _estimate = new();
    private readonly StripInputs<TWidth, TVector> _inputs = new(worker);

    /// <summary>Whether a combination is computed; see <see cref="ITileWorker.TakesChanges"/>.</summary>
    public static bool Takes(LinearCombination combination, ReadOnlySpan<LowRankInput> inputs, ElementType output)
    {
        int used = combination.UsesBase ? 1 : 0;
        double weights = 0;
        for (int s = 0; s < combination.Terms.Length; s++)
        {
            // What a changed tensor is off by when it is rounded could be large beside its difference from the base.
            bool isRelative = combination.Terms[s].Kind == TermKind.RelativeToBase;
            if (isRelative && (inputs[0].Change is not null || inputs[s + used].Change is not null))
                return false;
            weights += Math.Abs((double)combination.Terms[s].Weight);
        }

        return combination.StartsFromBase == combination.UsesBase
            && combination.Terms.Length <= MostTerms
            && weights <= LargestWeightSum
            && SharedColumns(inputs) is not null
            && CommonType(inputs) is { } type
            && FloatElements.Dispatch<FitsSingle, bool>(type, default)
            && FloatElements.Dispatch<CanRoundApproximations, bool>(output, default);
    }

    public void Dispose() => _inputs.Dispose();

    /// <summary>Computes a combination; see <see cref="ITileWorker.CombineChanged"/>.</summary>
    public NonFinite Combine(
        LinearCombination combination,
        ReadOnlySpan<LowRankInput> inputs,
        ReadOnlySpan<TypedBytes> stored,
        long first,
        TypedBytes output)
    {
        int used = combination.UsesBase ? 1 : 0;
        int columns = SharedColumns(inputs) ?? throw new NotSupportedException();
        ElementType type = CommonType(inputs) ?? throw new NotSupportedException();
        var terms = new PreparedTerm[combination.Terms.Length];
        int firstRow = (int)(first / columns);
        int rows = (int)((first + output.Count - 1) / columns) - firstRow + 1;
        int storedTerms = 0;
        for (int s = used; s < inputs.Length; s++)
            storedTerms += inputs[s].Stored is null ? 0 : 1;
        var ofStored = new PreparedTerm[storedTerms];
        var error = SumError.Of(storedTerms, isBaseChanged: used == 1 && inputs[0].Change is not null);
        for (int s = 0, next = 0; s < terms.Length; s++)
        {
            bool isStored = inputs[s + used].Stored is not null;
            terms[s] = new PreparedTerm(combination.Terms[s], isStored ? stored[s + used].Bytes : default, error.OfTerms);
            if (isStored)
                ofStored[next++] = terms[s];
        }

        var changes = new ChangedTerm?[inputs.Length];
        try
        {
            for (int k = 0; k < inputs.Length; k++)
            {
                float weight = k < used ? 1 : combination.Terms[k - used].Weight;
                changes[k] = inputs[k].Change is { } change ? new ChangedTerm(weight, change, firstRow, rows) : null;
            }

            var sum = new ProductSum(
                used == 1 && inputs[0].Stored is not null ? stored[0].Bytes : default,
                combination.StartsFromBase,
                terms,
                ofStored,
                changes,
                output.Bytes);
            var tile = new ProductTile(combination, inputs, stored, output, error);
            return Rows(sum, tile, [.. changes.OfType<ChangedTerm>()], type, first, columns);
        }
        finally
        {
            foreach (ChangedTerm? change in changes)
                change?.Dispose();
        }
    }

    /// <summary>Computes a tile, whose first and last row may be parts of rows.</summary>
    private NonFinite Rows(
        in ProductSum sum, in ProductTile tile, ChangedTerm[] changed, ElementType type, long first, int columns)
    {
        int count = tile.Output.Count;
        int row = (int)(first / columns);
        NonFinite nonFinite = default;
        int done = 0;
        if (first % columns is > 0 and var column)
        {
            done = Math.Min(count, columns - (int)column);
            nonFinite += Block(sum, tile, changed, type, new Strip(row++, 1, (int)column, done, 0, columns));
        }

        if ((count - done) / columns is > 0 and var whole)
        {
            nonFinite += Block(sum, tile, changed, type, new Strip(row, whole, 0, columns, done, columns));
            row += whole;
            done += whole * columns;
        }

        if (done < count)
            nonFinite += Block(sum, tile, changed, type, new Strip(row, 1, 0, count - done, done, columns));
        return nonFinite;
    }

    /// <summary>Computes any number of rows, by blocks of columns whose right factors stay in the cache.</summary>
    private NonFinite Block(
        in ProductSum sum, in ProductTile tile, ReadOnlySpan<ChangedTerm> changed, ElementType type, in Strip block)
    {
        NonFinite nonFinite = default;
        int ranks = 1;
        foreach (ChangedTerm change in changed)
            ranks += change.Change.Rank;
        int wide = Math.Max(1, BlockNumbers / ranks / StripColumns) * StripColumns;
        int end = block.Column + block.Columns;
        _estimate.BeginRows(changed, block.Row, block.Rows);
        for (int from = block.Column, to; from < end; from = to)
        {
            to = Math.Min(end, ((from / wide) + 1) * wide);
            _estimate.BeginColumns(changed, from, to - from);
            int pause = 0;
            for (int row = 0; row < block.Rows; row += StripRows)
            {
                int rows = Math.Min(StripRows, block.Rows - row);
                bool isPaused = pause-- > 0;
                if (!isPaused)
                    _estimate.BeginStrip(row / StripRows, rows);
                int undecided = 0;
                for (int column = from, next; column < to; column = next)
                {
                    next = Math.Min(to, ((column / StripColumns) + 1) * StripColumns);
                    var strip = new Strip(
                        block.Row + row,
                        rows,
                        column,
                        next - column,
                        block.First + (row * block.RowElements) + (column - block.Column),
                        block.RowElements);
                    nonFinite += isPaused
                        ? _inputs.Combine(sum, tile, strip)
                        : FromEstimate(sum, tile, changed, type, strip, ref undecided);
                }

                if (undecided > rows * (to - from) / WorthEstimating)
                    pause = Pause;
            }
        }

        return nonFinite;
    }

    private NonFinite FromEstimate(
        in ProductSum sum, in ProductTile tile, ReadOnlySpan<ChangedTerm> changed, ElementType type, in Strip strip,
        ref int undecided)
    {
        _estimate.Compute(changed, strip);
        return FloatElements.Dispatch<InputVisitor, NonFinite>(
            type, new InputVisitor(sum, tile, _estimate, strip, ref undecided));
    }

    /// <summary>The type of all stored elements, or binary32 where there are none; null where types differ.</summary>
    private static ElementType? CommonType(ReadOnlySpan<LowRankInput> inputs)
    {
        ElementType? common = null;
        foreach (LowRankInput input in inputs)
        {
            if (input.Stored is not { } stored)
                continue;
            if (common is { } other && other != stored)
                return null;
            common = stored;
        }

        return common ?? ElementType.F32;
    }

    /// <summary>
    /// Number of columns of all changes; null where there are none, they differ, a factor is empty, or the factors have so many
    /// numbers beside a matrix's that they are not thin.
    /// </summary>
    private static int? SharedColumns(ReadOnlySpan<LowRankInput> inputs)
    {
        int? columns = null;
        int ranks = 0;
        foreach (LowRankInput input in inputs)
        {
            if (input.Change is not { } change)
                continue;
            if (change.Rank == 0 || (columns is { } other && other != change.Columns))
                return null;
            columns = change.Columns;
            ranks += change.Rank;
        }

        return ranks <= columns ? columns : null;
    }

    private readonly struct FitsSingle : IFloatElementVisitor<bool>
    {
        public bool Visit<TElement>()
            where TElement : IFloatElement => TElement.FitsSingle;
    }

    private readonly struct CanRoundApproximations : IFloatElementVisitor<bool>
    {
        public bool Visit<TElement>()
            where TElement : IFloatElement => TElement.CanRoundApproximations;
    }

    private readonly ref struct InputVisitor(
        ProductSum sum, ProductTile tile, StripEstimate<TWidth, TVector> estimate, Strip strip, ref int undecided)
        : IFloatElementVisitor<NonFinite>
    {
        private readonly ProductSum _sum = sum;
        private readonly ProductTile _tile = tile;
        private readonly StripEstimate<TWidth, TVector> _estimate = estimate;
        private readonly Strip _strip = strip;
        private readonly ref int _undecided = ref undecided;

        public NonFinite Visit<TInput>()
            where TInput : IFloatElement =>
            FloatElements.Dispatch<OutputVisitor<TInput>, NonFinite>(
                _tile.Output.Type, new OutputVisitor<TInput>(_sum, _tile.Error, _estimate, _strip, ref _undecided));
    }

    private readonly ref struct OutputVisitor<TInput>(
        ProductSum sum, SumError error, StripEstimate<TWidth, TVector> estimate, Strip strip, ref int undecided)
        : IFloatElementVisitor<NonFinite>
        where TInput : IFloatElement
    {
        private readonly ProductSum _sum = sum;
        private readonly SumError _error = error;
        private readonly StripEstimate<TWidth, TVector> _estimate = estimate;
        private readonly Strip _strip = strip;
        private readonly ref int _undecided = ref undecided;

        public NonFinite Visit<TOutput>()
            where TOutput : IFloatElement =>
            ProductSumKernel<TInput, TOutput, TWidth, TVector>.Run(_sum, _estimate, _strip, _error, ref _undecided);
    }
}
