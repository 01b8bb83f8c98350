using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// Produces a tensor as one weighted sum over all of its elements. Where a source lacks rows, the sum is adapted as
/// <see cref="TensorSources.PartOf"/> says.
/// </summary>
internal sealed class LinearProducer : TensorProducer
{
    private readonly long _rowElements;
    private readonly ImmutableArray<Segment> _segments;
    private readonly ImmutableArray<LinearPart> _parts;

    public LinearProducer(LinearCombination sum, TensorSources sources)
    {
        _rowElements = Math.Max(1, sources.RowElements);
        _segments = sources.Segments;
        _parts = [.. _segments.Select(segment => sources.PartOf(sum, segment))];
    }

    public override string Description
    {
        get
        {
            string[] formulas = [.. _parts.Select(Describe)];
            return formulas.Distinct().Count() == 1
                ? formulas[0]
                : formulas.Length == 0
                    ? "nothing"
                    : string.Join(
                        "; ",
                        _segments.Zip(formulas, (segment, formula) =>
                            $"rows {segment.First / _rowElements} to {(segment.End / _rowElements) - 1}: {formula}"));
        }
    }

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        NonFinite nonFinite = default;
        long end = first + output.Count;
        for (int s = 0; s < _segments.Length; s++)
        {
            long from = Math.Max(first, _segments[s].First);
            long to = Math.Min(end, _segments[s].End);
            if (from >= to)
                continue;

            int count = (int)(to - from);
            LinearPart part = _parts[s];
            var inputs = new TypedBytes[part.Inputs.Length];
            for (int k = 0; k < inputs.Length; k++)
                inputs[k] = workspace.Read(part.Inputs[k].Tensor, from, count);
            nonFinite += workspace.Worker.Combine(part.Sum, inputs, output.Slice((int)(from - first), count));
        }

        return nonFinite;
    }

    private static string Describe(LinearPart part) => Formula.Sum(
        part.Sum.StartsFromBase ? part.Inputs[0].Symbol : "",
        part.Sum.Terms.Zip(part.Inputs.Skip(part.Sum.UsesBase ? 1 : 0), (term, input) =>
            (term.Weight, term.Kind == TermKind.RelativeToBase ? $"({input.Symbol} − {Formula.Base})" : input.Symbol)));
}
