using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// Rearranges a tensor to the rows of another vocabulary: rows of the model's own tensor in another order, rows taken from other
/// models, and, for rows that belong to no token, the mean of all rows that do. Rows are gathered while they are read, so that
/// only the table of rows is kept in memory.
/// </summary>
/// <param name="spec">Name, type and shape of the gathered tensor, whose elements have the type of the model's own.</param>
/// <param name="own">Tensor of the model itself.</param>
/// <param name="rows">
/// Source of each row: the index of a row in <paramref name="own"/>, <see cref="Mean"/>, or <see cref="Filled"/> of an index into
/// <paramref name="fills"/>.
/// </param>
/// <param name="fills">Rows that the model lacks.</param>
internal sealed class PermutedEmbedding(
    TensorSpec spec, TensorReader own, ImmutableArray<int> rows, ImmutableArray<RowFill> fills) : TensorReader(spec)
{
    /// <summary>Table entry for a row that belongs to no token.</summary>
    public const int Mean = -1;

    // Each run costs a call to the system, so at most this many runs are announced.
    private const int MaxRunsAskedFor = 64;

    private readonly long _rowElements = spec.Shape.RowElements;
    private readonly Lock _lock = new();
    private NativeBuffer? _mean;

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
            : new PermutedEmbedding(Spec, bound, rows, boundFills);
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
                own.WillNeed((run.Source * _rowElements) + run.Column, run.Count);
            at += run.Count;
        }
    }

    /// <summary>Gathers a part of the tensor from its sources.</summary>
    private void Gather(long first, TypedBytes part, ITileContext workspace)
    {
        long end = first + part.Count;
        for (long at = first; at < end;)
        {
            Run run = RunAt(at, end);
            TypedBytes target = part.Slice((int)(at - first), (int)run.Count);
            if (run.Source >= 0)
                CopyOwn((run.Source * _rowElements) + run.Column, target, workspace);
            else if (run.Source == Mean)
                MeanRow(workspace).Slice((int)run.Column, (int)run.Count).Bytes.Span.CopyTo(target.Bytes.Span);
            else
                fills[-2 - run.Source].Make(run.Column, target, workspace);
            at += run.Count;
        }
    }

    private void CopyOwn(long first, TypedBytes target, ITileContext workspace)
    {
        using TileLoan loan = workspace.Borrow();
        workspace.Read(own, first, target.Count).Bytes.Span.CopyTo(target.Bytes.Span);
    }

    /// <summary>
    /// Finds the longest run from an element that comes from one row, or from successive rows of the model's own tensor.
    /// </summary>
    private Run RunAt(long first, long end)
    {
        var (row, column) = Math.DivRem(first, _rowElements);
        int source = rows[(int)row];
        long next = row + 1;
        while (source >= 0 && next < rows.Length && next * _rowElements < end && rows[(int)next] == source + (next - row))
            next++;
        return new Run(source, column, Math.Min(end, next * _rowElements) - first);
    }

    /// <summary>
    /// Returns the mean of the rows that belong to tokens, summed in row order in binary64 and rounded once. It is computed when
    /// first needed.
    /// </summary>
    private TypedBytes MeanRow(ITileContext workspace)
    {
        lock (_lock)
        {
            if (_mean is null)
            {
                var buffer = new NativeBuffer((int)_rowElements * Spec.Type.Size);
                ComputeMean(new TypedBytes(Spec.Type, buffer.Bytes), workspace);
                _mean = buffer;
            }

            return new TypedBytes(Spec.Type, _mean.Bytes);
        }
    }

    private void ComputeMean(TypedBytes mean, ITileContext workspace)
    {
        using TileLoan loan = workspace.Borrow();
        int columns = (int)_rowElements;
        var row = new TypedBytes(Spec.Type, workspace.Room(columns * Spec.Type.Size));
        var sum = new TypedBytes(ElementType.F64, workspace.Room(columns * sizeof(double)));
        var decoded = new TypedBytes(ElementType.F64, workspace.Room(columns * sizeof(double)));
        Span<double> sums = MemoryMarshal.Cast<byte, double>(sum.Bytes.Span);
        ReadOnlySpan<double> values = MemoryMarshal.Cast<byte, double>(decoded.Bytes.Span);
        sums.Clear();
        long count = 0;
        for (int r = 0; r < rows.Length; r++)
        {
            if (rows[r] == Mean)
                continue;
            Gather(r * _rowElements, row, workspace);
            workspace.Worker.Combine(LinearCombination.BaseAlone, [row], decoded);
            for (int c = 0; c < columns; c++)
                sums[c] += values[c];
            count++;
        }

        for (int c = 0; c < columns; c++)
            sums[c] /= Math.Max(1, count);
        workspace.Worker.Combine(LinearCombination.BaseAlone, [sum], mean);
    }

    /// <summary>A run of elements with one source.</summary>
    /// <param name="Source">Table entry of the run's first row: a row of the model's own tensor, the mean, or a fill.</param>
    /// <param name="Column">Column of the first element in that row.</param>
    /// <param name="Count">Number of elements.</param>
    private readonly record struct Run(int Source, long Column, long Count);
}
