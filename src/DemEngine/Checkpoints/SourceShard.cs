using DemEngine.Checkpoints.Shards;
using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints;

/// <summary>The tensors of a <see cref="IModelSource"/>, read as if they lay one after the other in a file.</summary>
internal sealed class SourceShard : IShardReader
{
    private readonly IModelSource _source;
    private readonly string _name;
    private readonly long[] _starts;

    /// <param name="source">The model.</param>
    /// <param name="name">Name of the model in errors.</param>
    public SourceShard(IModelSource source, string name)
    {
        _source = source;
        _name = name;
        _starts = new long[source.Tensors.Count];
        for (int k = 0; k < _starts.Length; k++)
        {
            _starts[k] = Length;
            Length += source.Tensors[k].ByteLength;
        }
    }

    public string Path => _name;

    public FileStamp Stamp => new(Length, default);

    public long Length { get; }

    public bool IsCopying => true;

    /// <summary>Offset of a tensor's first byte.</summary>
    /// <param name="tensor">Position of the tensor in the source.</param>
    public long StartOf(int tensor) => _starts[tensor];

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        NativeBytes part = scratch.Slice(0, length);
        Peek(offset, part.Span);
        return part;
    }

    public void Peek(long offset, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;

        // Empty tensors start where the next one does: the last of equal starts is the one that has bytes.
        int tensor = Array.BinarySearch(_starts, offset);
        tensor = tensor < 0 ? ~tensor - 1 : tensor;
        while (tensor + 1 < _starts.Length && _starts[tensor + 1] == _starts[tensor])
            tensor++;
        while (true)
        {
            long start = offset - _starts[tensor];
            int count = (int)Math.Min(destination.Length, _source.Tensors[tensor].ByteLength - start);
            Read(tensor, start, destination[..count]);
            if (count == destination.Length)
                return;
            destination = destination[count..];
            offset += count;
            tensor++;
        }
    }

    public void WillNeed(long offset, long length)
    {
        // A source reads ahead by itself if it can.
    }

    private void Read(int tensor, long offset, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;
        try
        {
            _source.Read(tensor, offset, destination);
        }
        catch (IOException e)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{_name}: {_source.Tensors[tensor].Name}: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        // The source belongs to whoever made it.
    }
}
