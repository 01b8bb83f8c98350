using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Tensor whose bytes are hashed; see <see cref="ContentHash"/>.</summary>
internal sealed class HashedTensor(TensorReader tensor)
    : PassTensor(tensor.Spec.Name, [tensor], 0, tensor.Spec.UnitCount)
{
    private readonly TensorHasher _hasher = new(tensor.Spec.ByteLength);

    /// <summary>Hash of the tensor, as a number; 0 until the last tile is done.</summary>
    public UInt128 Hash { get; private set; }

    public override void Visit(int tile, long from, int elements, ITileContext workspace) =>
        _hasher.Add(from * tensor.Spec.Type.Size, workspace.Read(tensor, from, elements).Bytes.Span);

    public override void Finish() => Hash = _hasher.FinishNumber();
}
