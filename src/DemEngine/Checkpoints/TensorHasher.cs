using DemEngine.Memory;

namespace DemEngine.Checkpoints;

/// <summary>Computes the <see cref="ContentHash"/> of one tensor from parts that come in any order, from any thread.</summary>
/// <param name="byteLength">Size of the whole tensor in bytes.</param>
internal sealed class TensorHasher(long byteLength)
{
    private byte[]? _leaves;

    /// <summary>Hashes a tensor that lies in a file.</summary>
    /// <param name="byteLength">Size of the tensor in bytes.</param>
    /// <param name="read">
    /// Function that reads bytes from an offset in the tensor and returns their number, less than asked for only at the end.
    /// </param>
    /// <param name="buffer">Memory for a leaf.</param>
    /// <param name="cancel">Token that stops the hashing.</param>
    /// <returns>The hash; that of other bytes where the file ends within the tensor.</returns>
    public static string HashOf(long byteLength, Func<long, NativeBytes, int> read, NativeBytes buffer, CancellationToken cancel)
    {
        var hasher = new TensorHasher(byteLength);
        for (long at = 0; at < byteLength; at += ContentHash.LeafBytes)
        {
            cancel.ThrowIfCancellationRequested();
            int length = (int)Math.Min(ContentHash.LeafBytes, byteLength - at);
            length = read(at, buffer.Slice(0, length));
            hasher.Add(at, buffer.Slice(0, length).Span);
        }

        return hasher.Finish();
    }

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

    /// <summary>Returns the hash as a number, once every part has been added, and releases the leaves.</summary>
    public UInt128 FinishNumber()
    {
        UInt128 hash = ContentHash.FinishNumber(Leaves());
        _leaves = null;
        return hash;
    }

    // Allocated when first needed, since the leaves of all tensors at once would grow with the model.
    private byte[] Leaves()
    {
        if (Volatile.Read(ref _leaves) is { } there)
            return there;
        byte[] leaves = new byte[checked((int)(ContentHash.LeafCount(byteLength) * ContentHash.HashBytes))];
        return Interlocked.CompareExchange(ref _leaves, leaves, null) ?? leaves;
    }
}
