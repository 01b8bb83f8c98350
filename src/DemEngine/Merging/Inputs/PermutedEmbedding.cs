using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// Rearranges a tensor to the rows of another vocabulary: rows of the model's own tensor in another order, rows taken from other
/// models, and, for rows that belong to no token, the mean of all rows that do. Rows are gathered while they are read, so that
/// only the table of rows is kept in memory. Where rows are averages, all elements are read in binary64, so that an average is
/// rounded only once, to the output's type.
/// </summary>
/// <param name="own">Tensor of the model itself.</param>
/// <param name="axis">Dimension that counts tokens. A row is a column where it is the last one of two.</param>
/// <param name="rows">
/// Source of each row: the index of a row in <paramref name="own"/>, <see cref="Mean"/>, or <see cref="Filled"/> of an index into
/// <paramref name="fills"/>.
/// </param>
/// <param name="fills">Rows that the model lacks.</param>
internal sealed class PermutedEmbedding(
    TensorReader own, TokenAxis axis, ImmutableArray<int> rows, ImmutableArray<RowFill> fills)
    : TensorReader(new TensorSpec(own.Spec.Name, TypeOf(own, rows, fills), axis.With(own.Spec.Shape, rows.Length)))
{
    /// <summary>Table entry for a row that belongs to no token.</summary>
    public const int Mean = -1;

    // Each run costs a call to the system, so at most this many runs are announced.
    private const int MaxRunsAskedFor = 64;

    // The mean is summed over so many elements at a time.
    private const int MeanElements = 1 << 14;

    private readonly long _inner = axis.Inner(own.Spec.Shape);
    private readonly long _outer = axis.Outer(own.Spec.Shape);
    private readonly long _ownRows = axis.Tokens(own.Spec.Shape);
    private readonly Lock _lock = new();
    private NativeBuffer? _mean;

    public override ElementType ModelType => own.ModelType;

    public override IReadOnlyList<TensorReader> MadeFrom { get; } =
    [
        .. fills.SelectMany(fill => fill.Donors)
            .Select(donor => donor.Tensor)
            .Prepend(own)
            .Distinct(),
    ];

    public override bool IsCopied => true;

    /// <summary>Returns the table entry for the fill with the given index.</summary>
    public static int Filled(int fill) => -2 - fill;

    public override TensorReader Rebind(Func<TensorReader, TensorReader> replace)
    {
        TensorReader bound = own.Rebind(replace);
        ImmutableArray<RowFill> boundFills = [.. fills.Select(fill => fill.Rebind(replace))];
        return ReferenceEquals(bound, own) && boundFills.SequenceEqual(fills)
            ? this
            : new PermutedEmbedding(bound, axis, rows, boundFills);
    }

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext workspace)
    {
        var part = new TypedBytes(Spec.Type, room);
        Gather(first, part, workspace);
        return part;
    }

    public override void WillNeed(long first, long count)
    {
        int runs = 0;
        for (long at = first; at < first + count && runs < MaxRunsAskedFor; runs++)
        {
            Run run = RunAt(at, first + count);
            if (run.Source >= 0)
                own.WillNeed(OwnElement(run), run.Count);
            at += run.Count;
        }
    }

    private static ElementType TypeOf(TensorReader own, ImmutableArray<int> rows, ImmutableArray<RowFill> fills) =>
        own.Spec.Type.IsFloat && (fills.Any(fill => fill.Donors.Length > 1) || rows.Contains(Mean))
            ? ElementType.F64
            : own.Spec.Type;

    /// <summary>Gathers a part of the tensor from its sources.</summary>
    private void Gather(long first, TypedBytes part, ITileContext workspace)
    {
        long end = first + part.Count;
        for (long at = first; at < end;)
        {
            Run run = RunAt(at, end);
            TypedBytes target = part.Slice((int)(at - first), (int)run.Count);
            if (run.Source >= 0)
                CopyOwn(OwnElement(run), target, workspace);
            else if (run.Source != Mean)
                fills[-2 - run.Source].Make(axis, run.Outer, run.Column, target, workspace);
            else if (Spec.Type.IsFloat)
                MeanOf(run, workspace).Bytes.Span.CopyTo(target.Bytes.Span);
            else
                target.Bytes.Span.Clear();
            at += run.Count;
        }
    }

    private TypedBytes MeanOf(Run run, ITileContext workspace) =>
        MeanRow(workspace).Slice((int)((run.Outer * _inner) + run.Column), (int)run.Count);

    private void CopyOwn(long first, TypedBytes target, ITileContext workspace)
    {
        using TileLoan loan = workspace.Borrow();
        RowFill.Convert(workspace.Read(own, first, target.Count), target, workspace);
    }

    private long OwnElement(Run run) => (((run.Outer * _ownRows) + run.Source) * _inner) + run.Column;

    /// <summary>
    /// Finds the longest run from an element that comes from one row, or from successive rows of the model's own tensor.
    /// </summary>
    private Run RunAt(long first, long end)
    {
        var (outer, within) = Math.DivRem(first, rows.Length * _inner);
        var (row, column) = Math.DivRem(within, _inner);
        long start = first - within;
        int source = rows[(int)row];
        long next = row + 1;
        while (source >= 0
            && next < rows.Length
            && start + (next * _inner) < end
            && rows[(int)next] == source + (next - row))
            next++;
        return new Run(source, outer, column, Math.Min(end, start + (next * _inner)) - first);
    }

    /// <summary>
    /// Returns the mean of the rows that belong to tokens, summed in row order in binary64. It is computed when first needed.
    /// </summary>
    private TypedBytes MeanRow(ITileContext workspace)
    {
        lock (_lock)
        {
            if (_mean is null)
            {
                var buffer = new NativeBuffer(checked((int)(_outer * _inner) * sizeof(double)));
                ComputeMean(MemoryMarshal.Cast<byte, double>(buffer.Bytes.Span), workspace);
                _mean = buffer;
            }

            return new TypedBytes(ElementType.F64, _mean.Bytes);
        }
    }

    private void ComputeMean(Span<double> sums, ITileContext workspace)
    {
        using TileLoan loan = workspace.Borrow();
        int inner = (int)_inner;
        int rowsAtOnce = Math.Max(1, MeanElements / inner);
        var room = new TypedBytes(ElementType.F64, workspace.Room(rowsAtOnce * inner * sizeof(double)));
        sums.Clear();
        for (int outer = 0; outer < _outer; outer++)
        {
            Span<double> mean = sums.Slice(outer * inner, inner);
            for (int row = 0; row < rows.Length;)
            {
                int end = row;
                while (end < rows.Length && end - row < rowsAtOnce && rows[end] != Mean)
                    end++;
                if (end == row)
                {
                    row++;
                    continue;
                }

                TypedBytes part = room.Slice(0, (end - row) * inner);
                Gather((((long)outer * rows.Length) + row) * inner, part, workspace);
                ReadOnlySpan<double> values = MemoryMarshal.Cast<byte, double>(part.Bytes.Span);
                for (int k = 0; k < values.Length; k++)
                    mean[k % inner] += values[k];
                row = end;
            }
        }

        int count = Math.Max(1, rows.Count(row => row != Mean));
        foreach (ref double sum in sums)
            sum /= count;
    }

    /// <summary>A run of elements with one source.</summary>
    /// <param name="Source">Table entry of the run's first row: a row of the model's own tensor, the mean, or a fill.</param>
    /// <param name="Outer">Block of the tensor that the run belongs to.</param>
    /// <param name="Column">Column of the first element in the row.</param>
    /// <param name="Count">Number of elements.</param>
    private readonly record struct Run(int Source, long Outer, long Column, long Count);
}
