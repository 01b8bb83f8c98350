using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.Shards;

/// <summary>
/// Shard reader that uses the pages that are in the page cache, and reads what is announced of all others past it once a run
/// reads more than that cache has room for. Until then it reads through the cache, where the next run finds the file.
/// </summary>
internal sealed class PartlyCachedShard : IShardReader
{
    private readonly MappedShard _mapped;
    private readonly Func<DirectBlocks?> _blocks;
    private readonly Lazy<DirectShard> _direct;

    /// <param name="path">Path of the file.</param>
    /// <param name="blocks">Gives the blocks of all files of the run; null while the run reads through the page cache.</param>
    public PartlyCachedShard(string path, Func<DirectBlocks?> blocks)
    {
        _blocks = blocks;
        _mapped = new MappedShard(path);
        _direct = new Lazy<DirectShard>(() => new DirectShard(_mapped, blocks()!));
    }

    public string Path => _mapped.Path;

    public FileStamp Stamp => _mapped.Stamp;

    public long Length => _mapped.Length;

    public bool IsCopying => _blocks() is not null;

    public NativeBytes Read(long offset, int length, NativeBytes scratch) =>
        IsPastCache(offset) ? _direct.Value.Read(offset, length, scratch) : _mapped.Read(offset, length, scratch);

    public void Peek(long offset, Span<byte> destination) => _mapped.Peek(offset, destination);

    public void Copy(long offset, Span<byte> destination)
    {
        if (IsPastCache(offset))
            _direct.Value.Copy(offset, destination);
        else
            _mapped.Read(offset, destination.Length, scratch: default).Span.CopyTo(destination);
    }

    public void WillNeed(long offset, long length)
    {
        if (_blocks() is not { } blocks || length > blocks.LongestPart)
            _mapped.WillNeed(offset, length);
        else if (!_mapped.IsCached(offset, length))
            _direct.Value.WillNeed(offset, length);
    }

    public void Dispose()
    {
        if (_direct.IsValueCreated)
            _direct.Value.Dispose();
        else
            _mapped.Dispose();
    }

    // What was announced is there or on its way, whatever has brought it into the cache since. What was not is read here and
    // there, or again and again, as the page cache is made for.
    private bool IsPastCache(long offset) =>
        _blocks() is { } blocks && _direct.IsValueCreated && blocks.IsWanted(_direct.Value, offset);
}
