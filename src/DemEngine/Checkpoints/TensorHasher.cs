namespace DemEngine.Checkpoints;

/// <summary>Computes the <see cref="ContentHash"/> of one tensor from parts that come in any order, from any thread.</summary>
/// <param name="byteLength">Size of the whole tensor in bytes.</param>
internal sealed class TensorHasher(long byteLength)
{
    private readonly Lock _lock = new();
    private byte[]? _leaves;

    /// <summary>Hashes a part.</summary>
    /// <param name="offset">Offset of the part's first byte in the tensor, which is the start of a leaf.</param>
    /// <param name="part">Bytes of whole leaves; only the last leaf of the tensor may be shorter.</param>
    public void Add(long offset, ReadOnlySpan<byte> part) =>
        ContentHash.HashLeaves(part, Leaves().AsSpan(checked((int)(offset / ContentHash.LeafBytes * ContentHash.HashBytes))));

    /// <summary>Returns the hash, once every part has been added, and releases the leaves.</summary>
    public string Finish()
    {
        string hash = ContentHash.Finish(Leaves());
        _leaves = null;
        return hash;
    }

    // Allocated when first needed, since the leaves of all tensors at once would grow with the model.
    private byte[] Leaves()
    {
        lock (_lock)
            return _leaves ??= new byte[checked((int)(ContentHash.LeafCount(byteLength) * ContentHash.HashBytes))];
    }
}
