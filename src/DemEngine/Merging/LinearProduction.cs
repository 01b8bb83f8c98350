using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>One sum for the whole tensor, less the sources that lack rows where they lack them.</summary>
internal sealed class LinearProduction : TensorProduction
{
    private readonly ImmutableArray<Segment> _segments;
    private readonly ImmutableArray<LinearPart> _parts;

    public LinearProduction(LinearCombination sum, TensorSources sources)
    {
        _segments = sources.Segments;
        _parts = [.. _segments.Select(segment => sources.PartOf(sum, segment))];
    }

    public override string Description =>
        _parts.Length == 0 ? "nothing" : string.Join("; ", _parts.Select(part => Describe(part.Sum)));

    public override NonFinite Produce(long first, TypedBytes output, TileWorkspace workspace)
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
                inputs[k] = workspace.Read(part.Inputs[k], from, count);
            nonFinite += workspace.Worker.Combine(part.Sum, inputs, output.Slice((int)(from - first), count));
        }

        return nonFinite;
    }

    private static string Describe(LinearCombination sum) =>
        (sum.StartsFromBase ? "b" : "") + string.Concat(sum.Terms.Select((term, k) =>
            $" {(term.Weight < 0 ? '−' : '+')} {Math.Abs(term.Weight):g6}·" + (term.Kind == TermKind.RelativeToBase ? $"(x{k + 1} − b)" : $"x{k + 1}")));
}
