using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// Produces a tensor row by row. Each row's statistics are computed just before the row is made, without a pass of their own. A
/// part that starts or ends within a row reads the whole row.
/// </summary>
internal sealed class RowwiseProducer(RowwiseCombination rows, TensorSources sources, TensorShape shape) : TensorProducer
{
    private readonly int _rowElements = (int)shape.RowLength;

    public override string? Description => null;

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        NonFinite nonFinite = default;
        long end = first + output.Count;
        foreach (Segment segment in sources.Segments)
        {
            // A segment consists of whole rows, so the rows of any part of it lie within the segment.
            long from = Math.Max(first, segment.First);
            long to = Math.Min(end, segment.End);
            if (from >= to)
                continue;

            var range = RowRange.Around(from, to, _rowElements);
            TypedBytes[] vectors = [.. Vectors(segment, range, workspace)];
            for (long row = range.First; row < range.End; row += _rowElements)
            {
                long rowFrom = Math.Max(row, from);
                int count = (int)(Math.Min(row + _rowElements, to) - rowFrom);
                LinearPart part = sources.PartOf(Solve(vectors, (int)(row - range.First), workspace), segment);
                TypedBytes[] inputs = [.. part.Inputs.Select(input =>
                    workspace.Read(input.Tensor, range.First, range.Count).Slice((int)(rowFrom - range.First), count))];
                nonFinite += workspace.Worker.Combine(part.Sum, inputs, output.Slice((int)(rowFrom - first), count));
            }
        }

        return nonFinite;
    }

    private IEnumerable<TypedBytes> Vectors(Segment segment, RowRange range, ITileContext workspace)
    {
        if (sources.IsRelative)
            yield return workspace.Read(sources.Base, range.First, range.Count);
        foreach (var source in segment.Sources)
            yield return workspace.Read(source ?? sources.Base, range.First, range.Count);
    }

    private LinearCombination Solve(TypedBytes[] vectors, int start, ITileContext workspace)
    {
        TypedBytes[] row = [.. vectors.Select(vector => vector.Slice(start, _rowElements))];
        int pairs = GramMatrix.PairCount(sources.VectorCount);
        double[] sums = new double[GramOrder.LeafCount(_rowElements) * pairs];
        sources.Gram(row, sums, workspace);
        var gram = new GramMatrix(sources.VectorCount);
        for (int at = 0; at < sums.Length; at += pairs)
            gram.Add(sums.AsSpan(at, pairs));
        return rows.Solve(gram);
    }
}
