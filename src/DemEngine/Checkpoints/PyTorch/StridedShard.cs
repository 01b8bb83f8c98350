using DemEngine.Checkpoints.Shards;
using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// The tensors of a file whose elements lie apart in it, read as if they lay one after the other behind its end.
/// </summary>
/// <param name="file">The file; not disposed with this.</param>
internal sealed class StridedShard(IShardReader file) : IShardReader
{
    private readonly List<StridedView> _views = [];
    private readonly List<long> _starts = [];

    public string Path => file.Path;

    public FileStamp Stamp => file.Stamp;

    // A byte lies between the file and the first view, so that no part of the one goes on in the other.
    public long Length { get; private set; } = file.Length + 1;

    public bool IsCopying => true;

    /// <summary>Adds a tensor.</summary>
    /// <returns>Offset of its first byte.</returns>
    public long Add(StridedView view)
    {
        long start = Length;
        _views.Add(view);
        _starts.Add(start);
        Length = checked(start + view.ByteLength);
        return start;
    }

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        NativeBytes part = scratch.Slice(0, length);
        Peek(offset, part.Span);
        return part;
    }

    public void Peek(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int place = _starts.BinarySearch(offset);
            place = place < 0 ? ~place - 1 : place;
            StridedView view = _views[place];
            long within = offset - _starts[place];
            int bytes = (int)Math.Min(destination.Length, view.ByteLength - within);
            view.Read(file, within / (view.ByteLength / view.Count), destination[..bytes]);
            destination = destination[bytes..];
            offset += bytes;
        }
    }

    public void WillNeed(long offset, long length)
    {
        // What is read here and there goes through the system's cache.
    }

    public void Dispose()
    {
        // The file belongs to whoever opened it.
    }
}
