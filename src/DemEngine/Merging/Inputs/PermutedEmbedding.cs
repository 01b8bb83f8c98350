using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// A tensor whose rows are those of another vocabulary: rows of a model's own tensor in another order, rows that other models give, and
/// for rows that belong to no token the mean of all that do. They are put together while they are read; only the table of rows is held.
/// </summary>
/// <param name="spec">Of the gathered tensor, whose elements are of the model's own type.</param>
/// <param name="own">The model's own tensor.</param>
/// <param name="rows">For each row one of its own, or <see cref="Mean"/>, or <see cref="Filled"/> of a position in the fills.</param>
/// <param name="fills">Rows that the model lacks.</param>
internal sealed class PermutedEmbedding(TensorSpec spec, TensorReader own, ImmutableArray<int> rows, ImmutableArray<RowFill> fills) : TensorReader(spec)
{
    /// <summary>A row that belongs to no token.</summary>
    public const int Mean = -1;

    // More runs than that are not worth a call to the system each.
    private const int MaxRunsAskedFor = 64;

    private readonly long _rowElements = spec.Shape.RowElements;
    private readonly Lock _lock = new();
    private NativeBuffer? _mean;

    public override IReadOnlyList<TensorReader> MadeFrom { get; } = [.. fills.SelectMany(fill => fill.Donors).Select(donor => donor.Tensor).Prepend(own).Distinct()];

    public override bool IsCopied => true;

    /// <summary>What stands for a fill in the table of rows.</summary>
    public static int Filled(int fill) => -2 - fill;

    public override TensorReader Rebind(Func<TensorReader, TensorReader> replace)
    {
        TensorReader bound = own.Rebind(replace);
        ImmutableArray<RowFill> boundFills = [.. fills.Select(fill => fill.Rebind(replace))];
        return ReferenceEquals(bound, own) && boundFills.SequenceEqual(fills) ? this : new PermutedEmbedding(Spec, bound, rows, boundFills);
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

    /// <summary>Puts a part together.</summary>
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

    /// <summary>As many elements as come from one row, or from successive rows of the model's own.</summary>
    private Run RunAt(long first, long end)
    {
        var (row, column) = Math.DivRem(first, _rowElements);
        int source = rows[(int)row];
        long next = row + 1;
        while (source >= 0 && next < rows.Length && next * _rowElements < end && rows[(int)next] == source + (next - row))
            next++;
        return new Run(source, column, Math.Min(end, next * _rowElements) - first);
    }

    /// <summary>The mean of the rows that belong to tokens, added in their order in double and rounded once. Made when first needed.</summary>
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

    /// <summary>Elements that have one source.</summary>
    /// <param name="Source">A row of the model's own, or what stands in the table.</param>
    /// <param name="Column">Of the first, in that row.</param>
    /// <param name="Count">How many.</param>
    private readonly record struct Run(int Source, long Column, long Count);
}
