using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;
using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// Produces a tensor as one weighted sum over all of its elements. Where a source lacks rows, the sum is adapted as
/// <see cref="TensorSources.PartOf"/> says.
/// </summary>
internal sealed class LinearProducer : TensorProducer
{
    // Products of thin matrices are computed fastest in this many rows at a time.
    private const int RowsTogether = 8;

    private readonly long _rowElements;
    private readonly ImmutableArray<Segment> _segments;
    private readonly ImmutableArray<LinearPart> _parts;
    private readonly bool[] _areComputed;
    private readonly LowRankInput[]?[] _changes;

    public LinearProducer(LinearCombination sum, TensorSources sources)
    {
        _rowElements = Math.Max(1, sources.RowElements);
        _segments = sources.Segments;
        var parts = ImmutableArray.CreateBuilder<LinearPart>(_segments.Length);
        _areComputed = new bool[_segments.Length];
        _changes = new LowRankInput[_segments.Length][];
        for (int s = 0; s < _segments.Length; s++)
        {
            LinearPart part = sources.PartOf(sum, _segments[s]);
            parts.Add(part);
            foreach (LinearInput input in part.Inputs)
                _areComputed[s] |= input.Tensor.IsComputedInPlace;
            _changes[s] = ChangesOf(part);
        }

        _parts = parts.MoveToImmutable();
    }

    public override string Description
    {
        get
        {
            if (_parts is [var only])
                return Describe(only);
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

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace) =>
        ProduceWith([this], first, [output], workspace)[0];

    /// <summary>The inputs of all parts: sums of the same inputs are made together.</summary>
    protected override object Preparation => ValueList.Create<object>(
    [
        .. _segments.Select(segment => (object)(segment.First, segment.End)),
        .. _parts.SelectMany(part => part.Inputs.Select(input => (object)input.Tensor).Append(part.Sum.UsesBase)),
    ]);

    /// <summary>Makes the same part of several tensors, for which the inputs are read and given to the worker once.</summary>
    protected override NonFinite[] ProduceWith(TensorProducer[] alike, long first, TypedBytes[] outputs, ITileContext workspace)
    {
        var nonFinite = new NonFinite[alike.Length];
        long end = first + outputs[0].Count;
        for (int s = 0; s < _segments.Length; s++)
        {
            long from = Math.Max(first, _segments[s].First);
            long to = Math.Min(end, _segments[s].End);
            if (from >= to)
                continue;

            // Low-rank changes are added to what they change where the worker can, instead of being computed first. Several sums
            // share what is computed first, which takes less time than an estimate for each: by measurement from two sums on.
            if (_changes[s] is { } changes
                && alike.Length == 1
                && workspace.Worker.TakesChanges(_parts[s].Sum, changes, outputs[0].Type))
            {
                nonFinite[0] += CombineChanged(_parts[s], changes, from, to);
                continue;
            }

            long step = _areComputed[s] ? workspace.Worker.BlockElements : int.MaxValue;
            if (step >= to - from)
            {
                Add(s, from, to);
                continue;
            }

            // Inputs that are computed are still in the cache when they are used.
            long rows = RowsTogether * _rowElements;
            step = rows > 2 * step ? step : Math.Max(1, step / rows) * rows;
            for (long block = from, next; block < to; block = next)
            {
                next = Math.Min(to, ((block / step) + 1) * step);
                using TileLoan loan = workspace.Borrow();
                Add(s, block, next);
            }
        }

        return nonFinite;

        NonFinite CombineChanged(LinearPart part, LowRankInput[] changes, long from, long to)
        {
            int count = (int)(to - from);
            var stored = new TypedBytes[changes.Length];
            for (int k = 0; k < stored.Length; k++)
            {
                TensorReader tensor = part.Inputs[k].Tensor;
                TensorReader? reader = tensor.LowRankUpdate is { } change ? change.Model : tensor;
                stored[k] = reader is null ? default : workspace.Read(reader, from, count);
            }

            return workspace.Worker.CombineChanged(
                part.Sum, changes, stored, from, outputs[0].Slice((int)(from - first), count));
        }

        void Add(int segment, long from, long to)
        {
            var made = new NonFinite[alike.Length];
            LinearPart part = _parts[segment];
            var inputs = new TypedBytes[part.Inputs.Length];
            for (int k = 0; k < inputs.Length; k++)
                inputs[k] = workspace.Read(part.Inputs[k].Tensor, from, (int)(to - from));
            workspace.Worker.CombineEach(
                [.. alike.Select(production => ((LinearProducer)production)._parts[segment].Sum)],
                inputs,
                [.. outputs.Select(output => output.Slice((int)(from - first), (int)(to - from)))],
                made);
            for (int k = 0; k < made.Length; k++)
                nonFinite[k] += made[k];
        }
    }

    /// <summary>What low-rank matrices change of each input; null where they change none.</summary>
    private static LowRankInput[]? ChangesOf(LinearPart part)
    {
        foreach (LinearInput input in part.Inputs)
        {
            if (input.Tensor.LowRankUpdate is null)
                continue;
            return
            [
                .. part.Inputs.Select(input => input.Tensor.LowRankUpdate is { } change
                    ? new LowRankInput(change.Model?.Spec.Type, change.Matrix)
                    : new LowRankInput(input.Tensor.Spec.Type, null)),
            ];
        }

        return null;
    }

    private static string Describe(LinearPart part) => Formula.Sum(
        part.Sum.StartsFromBase ? part.Inputs[0].Symbol : "",
        part.Sum.Terms.Zip(part.Inputs.Skip(part.Sum.UsesBase ? 1 : 0), (term, input) =>
            (term.Weight, term.Kind == TermKind.RelativeToBase ? $"({input.Symbol} − {Formula.Base})" : input.Symbol)));
}
