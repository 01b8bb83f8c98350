using System.Runtime.CompilerServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>Reads a tensor that is stored in a file.</summary>
internal sealed class StoredTensorReader(StoredTensor tensor) : TensorReader(tensor.Spec)
{
    private readonly StoredTensor _tensor = tensor;
    private StoredTensorReader? _change;

    public override ElementType ModelType => _tensor.ModelType;

    public override IEnumerable<StoredTensor> InFiles => _tensor.InFiles;

    // Elements of a quantised form may take less than a byte each, which counts as one.
    public override int ElementBytes => _tensor.Origin is { } origin && Spec.Shape.ElementCount > 0
        ? (int)Math.Clamp(origin.StoredBytes / Spec.Shape.ElementCount, 1, sizeof(double))
        : Spec.Type.Size;

    public override bool IsCopied => _tensor.IsCopied;

    public override bool IsComputedInPlace => _tensor.Origin is { IsMapped: true };

    public override ComputingMemory Computing => _tensor.Origin?.Memory ?? default;

    public override LowRankReader? LowRankUpdate { get; } = ChangeOf(tensor);

    public override NativeBytes? InMemory =>
        IsCopied || Spec.ByteLength > int.MaxValue ? null : _tensor.Read(0, (int)Spec.UnitCount, scratch: default).Bytes;

    public override bool Equals(object? obj) => obj is StoredTensorReader other && other._tensor == _tensor;

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(_tensor);

    public override TensorReader? DifferenceFrom(TensorReader origin)
    {
        if (origin is not StoredTensorReader other)
            return null;
        return other._tensor == _tensor ? origin
            : _tensor.Origin?.Adaptation is { Change: { } change } adaptation && adaptation.Model == other._tensor
                ? _change ??= new StoredTensorReader(change)
                : null;
    }

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context) =>
        _tensor.Read(first, count, room);

    public override void WillNeed(long first, long count) => _tensor.WillNeed(first, count);

    private static LowRankReader? ChangeOf(StoredTensor tensor) => tensor.Origin?.LowRankUpdate is { } change
        ? new LowRankReader(change.Model is { } model ? new StoredTensorReader(model) : null, change.Matrix)
        : null;
}
