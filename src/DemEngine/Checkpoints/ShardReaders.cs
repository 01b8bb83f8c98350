using DemEngine.Checkpoints.Shards;
using DemEngine.Stores;

namespace DemEngine.Checkpoints;

/// <summary>Opens the shards of one or more checkpoints that are read in the same way, and share what that takes.</summary>
/// <param name="io">Way of reading the files.</param>
/// <param name="maxMemoryBytes">Bound of all buffers of the run that reads them.</param>
internal sealed class ShardReaders(IoMode io, long maxMemoryBytes = ShardReaders.DefaultMaxMemoryBytes) : IDisposable
{
    // Of a checkpoint that is opened alone, outside a run.
    private const long DefaultMaxMemoryBytes = 256_000_000;

    private readonly DirectBlocks? _blocks = io == IoMode.Direct ? new DirectBlocks(maxMemoryBytes) : null;
    private DirectBlocks? _ofStores;

    /// <summary>Memory for what is read ahead of time, in bytes; 0 where the system's page cache does that.</summary>
    /// <param name="io">Way of reading the files.</param>
    /// <param name="maxMemoryBytes">Bound of all buffers of a run.</param>
    /// <param name="fromStores">Whether some of the files are in stores.</param>
    public static long AheadBytes(IoMode io, long maxMemoryBytes, bool fromStores = false) =>
        io == IoMode.Direct || fromStores ? DirectBlocks.BytesWithin(maxMemoryBytes) : 0;

    /// <summary>Number of files that stay open for a checkpoint with a given number of shards.</summary>
    /// <param name="shards">Number of shards.</param>
    public int FilesFor(int shards) => io switch
    {
        IoMode.Mmap => 1, // A file that is mapped is closed at once.
        IoMode.Pread => shards,
        _ => 2 * shards,
    };

    /// <summary>Opens a shard.</summary>
    /// <param name="path">Path of the file, or of one that stands for a file of a store.</param>
    public IShardReader Open(string path) => StoreCopies.FileAt(path) is { } standIn
        ? new StoreShard(path, standIn, _blocks ?? (_ofStores ??= new DirectBlocks(maxMemoryBytes, ofStores: true)))
        : OpenOnDisk(path);

    /// <inheritdoc/>
    public void Dispose()
    {
        _blocks?.Dispose();
        _ofStores?.Dispose();
    }

    private IShardReader OpenOnDisk(string path) => io switch
    {
        IoMode.Mmap => new MappedShard(path),
        IoMode.Pread => new PreadShard(path),
        _ => new DirectShard(path, _blocks!),
    };
}
