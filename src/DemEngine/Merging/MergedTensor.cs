using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Methods;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>One source's part in a merged tensor.</summary>
/// <param name="Tensor">Its tensor; null if the source lacks it.</param>
/// <param name="Rows">The rows it has of those that are made.</param>
internal readonly record struct SourceTensor(InputTensor? Tensor, long Rows);

/// <summary>
/// A tensor that a method merges. Rows that a source lacks, because it lacks the tensor or has a smaller vocabulary, are made without it:
/// its difference from the base counts as zero, and where whole tensors are averaged the base's rows stand in.
/// </summary>
internal sealed class MergedTensor : OutputTensor
{
    private readonly IMergeMethod _method;
    private readonly TensorQuestion _question;
    private readonly InputTensor _base;
    private readonly SourceTensor[] _sources;
    private readonly long _rowElements;
    private readonly bool _relative;
    private ImmutableArray<Segment> _segments;

    /// <param name="spec">The output.</param>
    /// <param name="method">Which method.</param>
    /// <param name="question">Its parameters for this tensor.</param>
    /// <param name="baseTensor">The base's tensor.</param>
    /// <param name="sources">One for each of the question's sources, preceded by the base where the method wants it first.</param>
    public MergedTensor(TensorSpec spec, IMergeMethod method, TensorQuestion question, InputTensor baseTensor, SourceTensor[] sources)
        : base(spec)
    {
        _method = method;
        _question = question;
        _base = baseTensor;
        _sources = sources;
        _rowElements = spec.Shape.RowElements;
        _relative = method.Base == BaseUse.Subtracted;
        bool standsIn = sources.Any(source => source.Tensor is null || source.Rows < spec.Shape.Rows);
        IEnumerable<InputTensor> present = sources.Select(source => source.Tensor).OfType<InputTensor>();
        Inputs = [.. (_relative || standsIn ? present.Prepend(baseTensor) : present).Distinct()];
        if (method.Measures == Measurement.None)
            _segments = Cut(method.Solve(question));
        else if (MeasuredElements == 0)
            _segments = Cut(method.Solve(question with { Gram = new GramMatrix(MeasuredVectors) }));
        Operation = _segments.IsDefault ? $"{method.Name} (measured)" : Describe(_segments);
    }

    public override IReadOnlyList<InputTensor> Inputs { get; }

    // As planned: it tells plans apart, so a run must not change it.
    public override string Operation { get; }

    public override int MeasuredVectors => _method.Measures == Measurement.Gram ? _sources.Length + (_relative ? 1 : 0) : 0;

    // What some source lacks is left out of the measurement.
    public override long MeasuredElements =>
        MeasuredVectors == 0 ? 0 : _sources.Min(source => source.Tensor is null ? 0 : source.Rows) * _rowElements;

    public override void Measure(long first, int count, Span<double> leafSums, TileWorkspace workspace)
    {
        var inputs = new TypedBytes[MeasuredVectors];
        int at = 0;
        if (_relative)
            inputs[at++] = workspace.Read(_base, first, count);
        foreach (SourceTensor source in _sources)
            inputs[at++] = workspace.Read(source.Tensor!, first, count);
        workspace.Worker.Gram(_relative, inputs, leafSums);
    }

    public override void Solve(GramMatrix gram) => _segments = Cut(_method.Solve(_question with { Gram = gram }));

    public override NonFinite Produce(long first, TypedBytes output, TileWorkspace workspace)
    {
        NonFinite nonFinite = default;
        long end = first + output.Count;
        foreach (Segment segment in _segments)
        {
            long from = Math.Max(first, segment.First);
            long to = Math.Min(end, segment.End);
            if (from >= to)
                continue;

            int count = (int)(to - from);
            var inputs = new TypedBytes[segment.Inputs.Length];
            for (int k = 0; k < inputs.Length; k++)
                inputs[k] = workspace.Read(segment.Inputs[k], from, count);
            nonFinite += workspace.Worker.Combine(segment.Sum, inputs, output.Slice((int)(from - first), count));
        }

        return nonFinite;
    }

    public override void WillNeed(long first, long count)
    {
        foreach (InputTensor input in Inputs)
        {
            long there = Math.Min(count, input.Spec.Shape.ElementCount - first);
            if (there > 0)
                input.WillNeed(first, there);
        }
    }

    /// <summary>Cuts the tensor where a source runs out of rows.</summary>
    private ImmutableArray<Segment> Cut(LinearCombination sum)
    {
        long rows = Spec.Shape.Rows;
        long[] cuts = [.. _sources.Select(source => source.Tensor is null ? 0 : Math.Min(source.Rows, rows)).Append(0).Append(rows).Distinct().Order()];
        var segments = ImmutableArray.CreateBuilder<Segment>();
        for (int k = 0; k + 1 < cuts.Length; k++)
            segments.Add(SegmentOf(sum, cuts[k], cuts[k + 1]));
        return segments.ToImmutable();
    }

    private Segment SegmentOf(LinearCombination sum, long firstRow, long endRow)
    {
        // On the way from the base to another model, what the other lacks stays the base's.
        if (_method.Base == BaseUse.First && _sources.Any(source => source.Tensor is null || source.Rows < endRow))
            return new Segment(firstRow * _rowElements, endRow * _rowElements, LinearCombination.BaseAlone, [_base]);

        var terms = ImmutableArray.CreateBuilder<Term>();
        var inputs = new List<InputTensor>();
        for (int s = 0; s < _sources.Length; s++)
        {
            bool isThere = _sources[s].Tensor is not null && _sources[s].Rows >= endRow;
            if (!isThere && _relative)
                continue;
            terms.Add(sum.Terms[s]);
            inputs.Add(isThere ? _sources[s].Tensor! : _base);
        }

        var part = new LinearCombination(sum.StartsFromBase, terms.ToImmutable());
        if (part.UsesBase)
            inputs.Insert(0, _base);
        return new Segment(firstRow * _rowElements, endRow * _rowElements, part, [.. inputs]);
    }

    private static string Describe(ImmutableArray<Segment> segments) =>
        segments.Length == 0 ? "nothing" : string.Join("; ", segments.Select(segment => Describe(segment.Sum)));

    private static string Describe(LinearCombination sum) =>
        (sum.StartsFromBase ? "b" : "") + string.Concat(sum.Terms.Select((term, k) =>
            $" {(term.Weight < 0 ? '−' : '+')} {Math.Abs(term.Weight):g6}·" + (term.Kind == TermKind.RelativeToBase ? $"(x{k + 1} − b)" : $"x{k + 1}")));

    /// <summary>Rows that are made from the same inputs.</summary>
    private readonly record struct Segment(long First, long End, LinearCombination Sum, ImmutableArray<InputTensor> Inputs);
}
