using DemEngine.Checkpoints.PyTorch;
using DemEngine.Checkpoints.Shards;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>Tensor in an open checkpoint.</summary>
public sealed class StoredTensor : ITensorData
{
    private readonly IShardReader _reader;

    internal StoredTensor(TensorSpec spec, IShardReader reader, long offset)
    {
        Spec = spec;
        Offset = offset;
        _reader = reader;
    }

    /// <summary>Name, element type and shape of the tensor.</summary>
    public TensorSpec Spec { get; }

    /// <summary>What the tensor is decoded from; null where it is stored as it is.</summary>
    internal DecodedOrigin? Origin => (_reader as IDecodingReader)?.OriginAt(Offset);

    /// <summary>The tensors of files that it is read from: itself, or what it is decoded from.</summary>
    internal IEnumerable<StoredTensor> InFiles =>
        Origin is { } origin ? origin.Parts.SelectMany(part => part.InFiles) : [this];

    /// <summary>
    /// Element type that the tensor has in an output that states none: its own, or where it is decoded from a quantised form, the
    /// one that the model has without quantisation.
    /// </summary>
    internal ElementType ModelType => Origin?.ModelType ?? Spec.Type;

    /// <summary>Whether the tensor's bytes are fetched from a store when they are read.</summary>
    internal bool IsInStore => _reader is StoreShard or ChecksummedShard { IsInStore: true };

    /// <summary>Path of the file that holds the tensor.</summary>
    public string File => _reader.Path;

    /// <summary>Offset of the tensor's first byte in the file.</summary>
    public long Offset { get; }

    /// <summary>Whether <see cref="Read"/> needs its scratch memory.</summary>
    internal bool IsCopied => _reader.IsCopying;

    /// <inheritdoc/>
    /// <remarks>The scratch memory is not used by <see cref="IoMode.Mmap"/>.</remarks>
    public TypedBytes Read(long first, int count, NativeBytes scratch)
    {
        CheckRange(first, count);
        int size = Spec.Type.Size;
        return new TypedBytes(Spec.Type, _reader.Read(Offset + (first * size), checked(count * size), scratch));
    }

    /// <summary>Returns the same elements under another name.</summary>
    internal StoredTensor Named(string name) => name == Spec.Name ? this : new(Spec with { Name = name }, _reader, Offset);

    /// <summary>Copies a small part, without what a mapping would read around it.</summary>
    /// <param name="first">Index of the first unit.</param>
    /// <param name="destination">Memory for whole units, which is filled completely.</param>
    internal void Peek(long first, Span<byte> destination)
    {
        CheckRange(first, destination.Length / Spec.Type.Size);
        _reader.Peek(Offset + (first * Spec.Type.Size), destination);
    }

    /// <summary>Copies a part, by way of what was read ahead of it.</summary>
    /// <param name="first">Index of the first unit.</param>
    /// <param name="destination">Memory for whole units, which is filled completely.</param>
    internal void Copy(long first, Span<byte> destination)
    {
        CheckRange(first, destination.Length / Spec.Type.Size);
        _reader.Copy(Offset + (first * Spec.Type.Size), destination);
    }

    /// <summary>Copies a small part of the tensor's file, which may go on in the tensors that follow.</summary>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <param name="destination">Memory to fill completely.</param>
    internal void PeekAt(long offset, Span<byte> destination) => _reader.Peek(offset, destination);

    /// <summary>Hints that a part will be read soon, so that the system can read ahead.</summary>
    /// <param name="first">Index of the first unit.</param>
    /// <param name="count">Number of units.</param>
    public void WillNeed(long first, long count)
    {
        CheckRange(first, count);
        _reader.WillNeed(Offset + (first * Spec.Type.Size), count * Spec.Type.Size);
    }

    private void CheckRange(long first, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Spec.UnitCount - first);
    }
}
