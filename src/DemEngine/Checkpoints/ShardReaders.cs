using DemEngine.Checkpoints.Shards;
using DemEngine.Files;
using DemEngine.Stores;

namespace DemEngine.Checkpoints;

/// <summary>Opens the shards of one or more checkpoints that are read in the same way, and share what that takes.</summary>
/// <param name="io">Way of reading the files.</param>
/// <param name="maxMemoryBytes">Bound of all buffers of the run that reads them.</param>
/// <param name="pageCacheBytes">
/// Bytes that the page cache has room for; null for a share of the machine's memory. <see cref="IoMode.Auto"/> reads more than
/// that past it.
/// </param>
internal sealed class ShardReaders(
    IoMode io, long maxMemoryBytes = ShardReaders.DefaultMaxMemoryBytes, long? pageCacheBytes = null) : IDisposable
{
    // Of a checkpoint that is opened alone, outside a run.
    private const long DefaultMaxMemoryBytes = 256_000_000;

    private readonly Lazy<DirectBlocks> _blocks = new(() => new DirectBlocks(maxMemoryBytes));
    private DirectBlocks? _ofStores;
    private long _bytesOpened;

    /// <summary>Memory for what is read ahead of time past the page cache, in bytes.</summary>
    /// <param name="maxMemoryBytes">Bound of all buffers of a run.</param>
    public static long AheadBytes(long maxMemoryBytes) => DirectBlocks.BytesWithin(maxMemoryBytes);

    /// <summary>Number of files that stay open for a checkpoint with a given number of shards.</summary>
    /// <param name="shards">Number of shards.</param>
    public int FilesFor(int shards) => io switch
    {
        IoMode.Mmap or IoMode.Pread or IoMode.Auto => shards,
        _ => 2 * shards,
    };

    /// <summary>Opens a shard.</summary>
    /// <param name="path">Path of the file, or of one that stands for a file of a store.</param>
    public IShardReader Open(string path) => StoreCopies.FileAt(path) is { } standIn
        ? new StoreShard(path, standIn, BlocksOfStores())
        : OpenOnDisk(path);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_blocks.IsValueCreated)
            _blocks.Value.Dispose();
        _ofStores?.Dispose();
    }

    private DirectBlocks BlocksOfStores() =>
        io == IoMode.Direct ? _blocks.Value : _ofStores ??= new DirectBlocks(maxMemoryBytes, ofStores: true);

    private IShardReader OpenOnDisk(string path)
    {
        IShardReader reader = io switch
        {
            IoMode.Mmap => new MappedShard(path),
            IoMode.Pread => new PreadShard(path),
            IoMode.Direct => new DirectShard(path, _blocks.Value),
            _ => new PartlyCachedShard(path, () => IsPastCache ? _blocks.Value : null),
        };
        Interlocked.Add(ref _bytesOpened, reader.Length);
        return reader;
    }

    // Asked when tensors are read; all models of the run are open by then.
    private bool IsPastCache => Interlocked.Read(ref _bytesOpened) > (pageCacheBytes ?? PageCacheRoom.Bytes);
}
