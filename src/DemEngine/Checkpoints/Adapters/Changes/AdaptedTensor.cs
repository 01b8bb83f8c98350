using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>A model's tensor with an adapter's change added to it: x = float32(w + m), with w and m exact in double.</summary>
/// <param name="model">The tensor of the model, w.</param>
/// <param name="change">The change, m.</param>
/// <param name="alone">The change as a tensor of its own.</param>
internal sealed class AdaptedTensor(StoredTensor model, WeightMatrix change, StoredTensor alone)
    : DecodedTensor(model.Spec.Name, model.Spec.Shape, model.ModelType)
{
    public override string Form => $"{model.Spec.Type.SafetensorsName} with {change.Form}";

    public override IReadOnlyList<StoredTensor> Parts { get; } = [model, .. change.Parts];

    public override long StoredBytes => Parts.Sum(part => part.Origin?.StoredBytes ?? part.Spec.ByteLength);

    public override Adaptation? Adaptation { get; } = new(model, alone);

    public override LowRankUpdate? LowRankUpdate =>
        change.LowRank is { } matrix ? new LowRankUpdate(model, matrix) : null;

    public override ComputingMemory Memory => change.Memory;

    public override void Decode(long first, Span<float> values)
    {
        ModelNumbers.Read(model, first, values);
        change.AddTo(first, values);
    }

    public override void WillNeed(long first, long count)
    {
        model.WillNeed(first, count);
        change.WillNeed(first);
    }
}
