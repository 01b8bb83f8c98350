using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>Reads a tensor that is stored in a file.</summary>
internal sealed class StoredTensorReader(StoredTensor tensor) : TensorReader(tensor.Spec)
{
    public override ElementType ModelType => tensor.ModelType;

    // Elements of a quantised form may take less than a byte each, which counts as one.
    public override int ElementBytes => tensor.Origin is { } origin && Spec.Shape.ElementCount > 0
        ? (int)Math.Clamp(origin.StoredBytes / Spec.Shape.ElementCount, 1, sizeof(double))
        : Spec.Type.Size;

    public override bool IsCopied => tensor.IsCopied;

    public override NativeBytes? InMemory =>
        IsCopied || Spec.ByteLength > int.MaxValue ? null : tensor.Read(0, (int)Spec.UnitCount, scratch: default).Bytes;

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context) =>
        tensor.Read(first, count, room);

    public override void WillNeed(long first, long count) => tensor.WillNeed(first, count);
}
