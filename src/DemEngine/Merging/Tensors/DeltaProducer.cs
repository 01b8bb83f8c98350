using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Tensors;

/// <summary>Produces a tensor by combining sparse differences and adding them to the base.</summary>
internal sealed class DeltaProducer(DeltaCombination combination, DeltaInputs inputs) : TensorProducer
{
    private readonly DeltaCombination _combination = combination;

    public override string? Description => DeltaFormula.Of(_combination, inputs.RowElements);

    protected override object Preparation => _combination.Deltas;

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace) =>
        ProduceWith([this], first, [output], workspace)[0];

    /// <summary>Makes the same part of several tensors, and applies the masks to the differences once for all of them.</summary>
    protected override NonFinite[] ProduceWith(TensorProducer[] alike, long first, TypedBytes[] outputs, ITileContext workspace)
    {
        var nonFinite = new NonFinite[alike.Length];
        var made = new NonFinite[alike.Length];
        long end = first + outputs[0].Count;
        foreach (var (partFirst, partEnd) in inputs.Parts)
        {
            long from = Math.Max(first, partFirst);
            long to = Math.Min(end, partEnd);
            if (from >= to)
                continue;

            SparseDeltas deltas = inputs.In(from, _combination.Deltas);
            TypedBytes[] tensors = inputs.Read(deltas, from, (int)(to - from), workspace);
            workspace.Worker.Deltas.CombineEach(
                [
                    .. alike.Select(production => ((DeltaProducer)production)._combination)
                        .Select(own => new DeltaCombination(deltas, own.Weights, own.Mixing)),
                ],
                tensors,
                from,
                [.. outputs.Select(output => output.Slice((int)(from - first), (int)(to - from)))],
                made);
            for (int k = 0; k < made.Length; k++)
                nonFinite[k] += made[k];
        }

        return nonFinite;
    }
}
