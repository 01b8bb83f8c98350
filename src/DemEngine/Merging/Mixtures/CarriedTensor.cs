using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Mixtures;

/// <summary>
/// A tensor that is taken from one model, under a name of its own and rounded once to the output's type: y = s·(x + n·z), with a
/// scale s and noise of standard deviation n.
/// </summary>
internal sealed class CarriedTensor : OutputTensor
{
    private readonly PlannedSource _source;
    private readonly LinearCombination _sum;
    private readonly bool _isFloat;

    /// <param name="spec">Name, type and shape of the output tensor.</param>
    /// <param name="tensor">The tensor that is taken.</param>
    /// <param name="source">Where it is from, for the plan.</param>
    /// <param name="scale">Factor of the tensor and its noise.</param>
    /// <param name="noise">Standard deviation of the noise; 0 for none.</param>
    /// <param name="seed">Seed of the noise.</param>
    public CarriedTensor(
        TensorSpec spec, TensorReader tensor, PlannedSource source, float scale = 1, float noise = 0, long seed = 0)
        : base(spec)
    {
        _source = source;
        _isFloat = spec.Type.IsFloat;
        bool isCopy = scale == 1 && noise == 0;
        _sum = isCopy
            ? LinearCombination.BaseAlone
            : new LinearCombination(
                startsFromBase: false,
                [
                    new Term(scale, TermKind.Plain),
                    .. noise == 0 ? Array.Empty<Term>() : [new Term(scale * noise, TermKind.Plain)],
                ]);
        Inputs = noise == 0 ? [tensor] : [tensor, new NoiseReader(spec, seed)];
        Operation = isCopy
            ? source.Symbol
            : Formula.Sum("", _sum.Terms.Select((term, k) => (term.Weight, k == 0 ? source.Symbol : "z")));
    }

    public override IReadOnlyList<TensorReader> Inputs { get; }

    public override string Operation { get; }

    public override IEnumerable<PlannedSource> Sources => [_source];

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        TypedBytes[] inputs = [.. Inputs.Select(input => workspace.Read(input, first, output.Count))];
        if (_isFloat)
            return workspace.Worker.Combine(_sum, inputs, output);
        inputs[0].Bytes.Span.CopyTo(output.Bytes.Span);
        return default;
    }
}
