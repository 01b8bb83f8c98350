using DemEngine.Checkpoints;
using DemEngine.Merging;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>A tensor whose bytes are hashed; see <see cref="ContentHash"/>.</summary>
internal sealed class HashedTensor(StoredTensor tensor) : PassTensor(tensor.Spec.Name, [tensor], 0, tensor.Spec.Shape.ElementCount)
{
    private readonly Lock _lock = new();
    private byte[]? _leaves;

    /// <summary>The hash, once the last tile is done.</summary>
    public string Hash { get; private set; } = "";

    public override void Visit(int tile, long from, int elements, TileWorkspace workspace)
    {
        ReadOnlySpan<byte> bytes = workspace.Read(tensor, from, elements).Bytes.Span;
        long leaf = from * tensor.Spec.Type.Size / ContentHash.LeafBytes;
        ContentHash.HashLeaves(bytes, Leaves().AsSpan(checked((int)(leaf * ContentHash.HashBytes))));
    }

    public override void Finish()
    {
        Hash = ContentHash.Finish(Leaves());
        _leaves = null;
    }

    // Made when first needed: all tensors' leaves at once would grow with the model.
    private byte[] Leaves()
    {
        lock (_lock)
            return _leaves ??= new byte[checked((int)(ContentHash.LeafCount(tensor.Spec.ByteLength) * ContentHash.HashBytes))];
    }
}
