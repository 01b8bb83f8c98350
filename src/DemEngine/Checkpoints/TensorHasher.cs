namespace DemEngine.Checkpoints;

/// <summary>Computes the <see cref="ContentHash"/> of one tensor from parts that come in any order, from any thread.</summary>
/// <param name="byteLength">Of the whole tensor.</param>
internal sealed class TensorHasher(long byteLength)
{
    private readonly Lock _lock = new();
    private byte[]? _leaves;

    /// <summary>Hashes a part.</summary>
    /// <param name="offset">Of its first byte in the tensor: the start of a leaf.</param>
    /// <param name="part">Whole leaves, but for the tensor's last.</param>
    public void Add(long offset, ReadOnlySpan<byte> part) =>
        ContentHash.HashLeaves(part, Leaves().AsSpan(checked((int)(offset / ContentHash.LeafBytes * ContentHash.HashBytes))));

    /// <summary>The hash, once every part was added. The leaves are given up.</summary>
    public string Finish()
    {
        string hash = ContentHash.Finish(Leaves());
        _leaves = null;
        return hash;
    }

    // Made when first needed: all tensors' leaves at once would grow with the model.
    private byte[] Leaves()
    {
        lock (_lock)
            return _leaves ??= new byte[checked((int)(ContentHash.LeafCount(byteLength) * ContentHash.HashBytes))];
    }
}
