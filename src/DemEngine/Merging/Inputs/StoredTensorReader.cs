using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>Reads a tensor that is stored in a file.</summary>
internal sealed class StoredTensorReader(StoredTensor tensor) : TensorReader(tensor.Spec)
{
    public override int ElementBytes => Spec.Type.Size;

    public override bool IsCopied => tensor.IsCopied;

    public override NativeBytes? InMemory =>
        IsCopied || Spec.ByteLength > int.MaxValue ? null : tensor.Read(0, (int)Spec.UnitCount, scratch: default).Bytes;

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context) =>
        tensor.Read(first, count, room);

    public override void WillNeed(long first, long count) => tensor.WillNeed(first, count);
}
