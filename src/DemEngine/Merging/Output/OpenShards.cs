using DemEngine.Files;

namespace DemEngine.Merging.Output;

/// <summary>
/// Shards that are open for writing, no more at a time than the process may have. When one has to be closed for another, the one
/// that was unused for longest is closed, once it is on disk. Thread-safe.
/// </summary>
/// <param name="most">Maximum number of shards that are open without being in use; at least one.</param>
internal sealed class OpenShards(int most) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _open = new(StringComparer.Ordinal);
    private long _uses;

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
                while (_open.Count >= most && CloseOldest())
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

    /// <summary>Waits until a shard that nobody uses is on disk, and closes it.</summary>
    /// <param name="path">Path of the shard; one that is not open has been written to disk already.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed): the data may not be on disk.</exception>
    public void Close(string path)
    {
        lock (_lock)
        {
            if (_open.Remove(path, out Entry? entry))
                Close(entry.File);
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
