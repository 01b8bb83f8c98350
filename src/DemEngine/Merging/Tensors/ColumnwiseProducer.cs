using System.Runtime.InteropServices;
using DemEngine.Backends;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// Produces a tensor whose columns have weights of their own. The arithmetic is that of <see cref="LinearCombination"/>, binary64
/// and rounded once; the backend converts to binary64 and back.
/// </summary>
internal sealed class ColumnwiseProducer : TensorProducer
{
    private const int BlockElements = 4096;

    private readonly int _columns;
    private readonly (Segment Segment, LinearPart Part, double[][] Weights)[] _parts;

    public ColumnwiseProducer(ColumnwiseCombination combination, TensorSources sources)
    {
        _columns = combination.Columns.Length;
        _parts =
        [
            .. sources.Segments.Select(segment =>
            {
                LinearPart[] parts = [.. combination.Columns.Select(column => sources.PartOf(column, segment))];
                double[][] weights =
                [
                    .. parts[0].Sum.Terms.Select((_, term) =>
                        parts.Select(part => (double)part.Sum.Terms[term].Weight).ToArray()),
                ];
                return (segment, parts[0], weights);
            }),
        ];
    }

    public override string? Description => null;

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        NonFinite nonFinite = default;
        long end = first + output.Count;
        foreach (var (segment, part, weights) in _parts)
        {
            long from = Math.Max(first, segment.First);
            long to = Math.Min(end, segment.End);
            if (from >= to)
                continue;

            TypedBytes[] inputs = [.. part.Inputs.Select(input => workspace.Read(input.Tensor, from, (int)(to - from)))];
            TypedBytes whole = output.Slice((int)(from - first), (int)(to - from));
            int column = (int)(from % _columns);
            if (workspace.Worker.TryCombineColumns(part.Sum, weights, column, inputs, whole, out long outputs))
            {
                nonFinite += Counted(outputs, inputs, whole, workspace);
                continue;
            }

            for (int start = 0; start < to - from; start += BlockElements)
            {
                int count = (int)Math.Min(BlockElements, to - from - start);
                TypedBytes[] block = [.. inputs.Select(input => input.Slice(start, count))];
                nonFinite += Make(
                    part.Sum, weights, (int)((from + start) % _columns), block, whole.Slice(start, count), workspace);
            }
        }

        return nonFinite;
    }

    /// <summary>Makes a block that starts at a column.</summary>
    private static NonFinite Make(
        LinearCombination sum, double[][] weights, int column, TypedBytes[] inputs, TypedBytes output, ITileContext workspace)
    {
        int count = output.Count;
        var scratch = new TypedBytes(ElementType.F64, workspace.Scratch(3 * BlockElements * sizeof(double)));
        TypedBytes total = scratch.Slice(0, count);
        TypedBytes baseValues = scratch.Slice(BlockElements, count);
        TypedBytes values = scratch.Slice(2 * BlockElements, count);
        Span<double> acc = MemoryMarshal.Cast<byte, double>(total.Bytes.Span);
        ReadOnlySpan<double> b = MemoryMarshal.Cast<byte, double>(baseValues.Bytes.Span);
        ReadOnlySpan<double> x = MemoryMarshal.Cast<byte, double>(values.Bytes.Span);

        if (sum.UsesBase)
            workspace.Worker.Combine(LinearCombination.BaseAlone, [inputs[0]], baseValues);
        if (sum.StartsFromBase)
            b.CopyTo(acc);
        else
            acc.Clear();
        for (int term = 0; term < weights.Length; term++)
        {
            workspace.Worker.Combine(LinearCombination.BaseAlone, [inputs[term + (sum.UsesBase ? 1 : 0)]], values);
            bool isRelative = sum.Terms[term].Kind == TermKind.RelativeToBase;
            for (int i = 0, c = column; i < count; i++, c = c + 1 == weights[term].Length ? 0 : c + 1)
            {
                double weight = weights[term][c];
                acc[i] += weight * x[i];
                if (isRelative)
                    acc[i] -= weight * b[i];
            }
        }

        NonFinite made = workspace.Worker.Combine(LinearCombination.BaseAlone, [total], output);
        return Counted(made.Outputs, inputs, output, workspace);
    }

    private static NonFinite Counted(long outputs, TypedBytes[] inputs, TypedBytes output, ITileContext workspace) =>
        new(outputs == 0 ? 0 : NonFiniteInputs.Count(inputs, start: 0, output, workspace.Worker), outputs);
}
