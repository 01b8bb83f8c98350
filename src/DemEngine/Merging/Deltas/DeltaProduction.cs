using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Deltas;

/// <summary>Filtered differences mixed and added to the base.</summary>
internal sealed class DeltaProduction(DeltaCombination combination, DeltaInputs inputs) : TensorProduction
{
    public override string? Description => DeltaFormula.Of(combination, inputs.RowElements);

    public override NonFinite Produce(long first, TypedBytes output, TileWorkspace workspace)
    {
        NonFinite nonFinite = default;
        long end = first + output.Count;
        foreach (var (partFirst, partEnd) in inputs.Parts)
        {
            long from = Math.Max(first, partFirst);
            long to = Math.Min(end, partEnd);
            if (from >= to)
                continue;

            var part = new DeltaCombination(inputs.In(from, combination.Deltas), combination.Weights, combination.Mixing);
            TypedBytes[] tensors = inputs.Read(part.Deltas, from, (int)(to - from), workspace);
            nonFinite += workspace.Worker.Deltas.Combine(part, tensors, from, output.Slice((int)(from - first), (int)(to - from)));
        }

        return nonFinite;
    }
}
