using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Merging.Output;

/// <summary>
/// Shards that are open for writing, no more at a time than the process may have. When one has to be closed for another, the one
/// that was unused for longest is closed, once it is on disk. Thread-safe.
/// </summary>
internal sealed class OpenShards : IDisposable
{
    private const int ClosedTogether = 4;

    private readonly int _most;
    private readonly WriteBehind? _behind;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _open = new(StringComparer.Ordinal);
    private long _uses;

    /// <param name="files">Maximum number of files that are open for shards that are not in use.</param>
    /// <param name="behindBytes">
    /// Memory for what is written past the page cache, in bytes; with little or none, or few files, it is written through it.
    /// </param>
    public OpenShards(int files, long behindBytes = 0)
    {
        // A shard takes a second file for writing past the cache, and stays open while something of it waits to be written.
        int withSecond = files / 2;
        bool isBehind = behindBytes >= WriteBehind.LeastBytes && withSecond >= WriteBehind.MostWaiting(behindBytes);
        _most = Math.Max(1, isBehind ? withSecond : files);
        _behind = isBehind ? new WriteBehind(behindBytes, Open) : null;
    }

    /// <summary>Opens a shard, or takes the one that is open.</summary>
    /// <param name="path">Path of the shard.</param>
    /// <returns>The shard, which stays open until the lease is returned.</returns>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4013 (TooManyOpenFiles): it cannot be opened, or the one that is closed for
    /// it may not be on disk.
    /// </exception>
    public Lease Open(string path)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(path, out Entry? entry))
            {
                while (_open.Count >= _most && CloseOldest())
                {
                    // One more is closed at each turn.
                }

                entry = new Entry(OpenFile(path));
                _open.Add(path, entry);
            }

            entry.Users++;
            entry.LastUse = ++_uses;
            return new Lease(this, entry);
        }
    }

    /// <summary>
    /// Writes bytes of a shard, which may be in the file only after <see cref="Close(IReadOnlyList{string})"/>.
    /// </summary>
    /// <param name="path">Path of the shard.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">Offset of the first byte in the shard.</param>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge), DEM4013 (TooManyOpenFiles): of these bytes or of
    /// others that were to be written before them.
    /// </exception>
    public void Write(string path, ReadOnlySpan<byte> bytes, long offset)
    {
        if (_behind is not null)
        {
            _behind.Write(path, bytes, offset);
            return;
        }

        using Lease lease = Open(path);
        lease.File.Write(bytes, offset);
    }

    /// <summary>Waits until shards that nobody uses are on disk, and closes them.</summary>
    /// <param name="paths">Paths of the shards; those that are not open have been written to disk already.</param>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge): the data may not be on disk.
    /// </exception>
    public void Close(params IReadOnlyList<string> paths)
    {
        _behind?.Flush();
        var files = new List<OutputFile>();
        lock (_lock)
        {
            foreach (string path in paths)
            {
                if (_open.Remove(path, out Entry? entry))
                    files.Add(entry.File);
            }
        }

        // A disk writes out what is in its own memory for several files in the time of one.
        int next = -1;
        try
        {
            WorkerThreads.Run(
                Math.Clamp(files.Count, 1, ClosedTogether),
                (_, stop) =>
                {
                    for (int k; !stop.IsCancellationRequested && (k = Interlocked.Increment(ref next)) < files.Count;)
                        Close(files[k]);
                },
                CancellationToken.None);
        }
        finally
        {
            foreach (OutputFile file in files)
                file.Dispose();
        }
    }

    /// <summary>
    /// Waits until a shard is on disk. If that fails, the shard is deleted: what the system's cache still holds would pass for
    /// what is on disk when the run is resumed.
    /// </summary>
    /// <param name="file">The shard.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed): the data may not be on disk.</exception>
    public static void Sync(OutputFile file)
    {
        try
        {
            file.Sync();
        }
        catch (DemException)
        {
            OutputFile.TryDelete(file.Path);
            throw;
        }
    }

    /// <summary>Closes all shards without waiting for the disk.</summary>
    public void Dispose()
    {
        _behind?.Dispose();
        foreach (Entry entry in _open.Values)
            entry.File.Dispose();
        _open.Clear();
    }

    private OutputFile OpenFile(string path)
    {
        while (true)
        {
            try
            {
                return OutputFile.Open(path);
            }
            catch (DemException e) when (e.Code == ErrorCode.TooManyOpenFiles && CloseOldest())
            {
                // Other parts of the process have taken what was left: with one file less open there is room for this one.
            }
        }
    }

    private bool CloseOldest()
    {
        string? oldest = null;
        foreach (var (path, entry) in _open)
        {
            if (entry.Users == 0 && (oldest is null || entry.LastUse < _open[oldest].LastUse))
                oldest = path;
        }

        if (oldest is null)
            return false;
        Close(oldest);
        return true;
    }

    private static void Close(OutputFile file)
    {
        using (file)
            Sync(file);
    }

    /// <summary>A shard that is in use, and open for so long.</summary>
    public readonly struct Lease : IDisposable
    {
        private readonly OpenShards _owner;
        private readonly Entry _entry;

        internal Lease(OpenShards owner, Entry entry)
        {
            _owner = owner;
            _entry = entry;
        }

        /// <summary>The shard.</summary>
        public OutputFile File => _entry.File;

        /// <inheritdoc/>
        public void Dispose()
        {
            lock (_owner._lock)
                _entry.Users--;
        }
    }

    internal sealed class Entry(OutputFile file)
    {
        public OutputFile File { get; } = file;

        public int Users { get; set; }

        public long LastUse { get; set; }
    }
}
