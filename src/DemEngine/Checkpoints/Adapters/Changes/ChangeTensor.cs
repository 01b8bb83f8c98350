using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>An adapter's change of a tensor alone: Δ = float32(m).</summary>
/// <param name="model">The tensor of the model that is changed.</param>
/// <param name="change">The change, m.</param>
internal sealed class ChangeTensor(StoredTensor model, WeightMatrix change)
    : DecodedTensor(model.Spec.Name, model.Spec.Shape, ElementType.F32)
{
    public override string Form => change.Form;

    public override IReadOnlyList<StoredTensor> Parts => change.Parts;

    public override LowRankUpdate? LowRankUpdate => change.LowRank is { } matrix ? new LowRankUpdate(null, matrix) : null;

    public override ComputingMemory Memory => change.Memory;

    public override void Decode(long first, Span<float> values) => change.Read(first, values);

    public override void WillNeed(long first, long count) => change.WillNeed(first);
}
