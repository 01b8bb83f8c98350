using DemEngine.Checkpoints;
using DemEngine.Files;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Merging.Output;

/// <summary>
/// Writes the shards of an output, which are created at their full size with their headers. Any thread may write at the planned
/// offsets.
/// </summary>
internal sealed class ShardWriter : IDisposable
{
    private readonly SafeFileHandle[] _files;
    private readonly string[] _paths;

    /// <summary>Creates the shards, or opens those of an unfinished run.</summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public ShardWriter(string folder, ShardLayout layout)
    {
        _paths = [.. layout.Shards.Select(shard => Path.Combine(folder, shard.FileName))];
        _files = new SafeFileHandle[_paths.Length];
        CheckRoom(folder, layout);
        try
        {
            for (int shard = 0; shard < _files.Length; shard++)
                _files[shard] = Open(_paths[shard], layout.Shards[shard]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Writes a part of a tensor.</summary>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="offset">Offset of the part's first byte in the tensor.</param>
    /// <param name="bytes">Bytes of the part.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public void Write(PlacedTensor place, long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_files[place.Shard], bytes, place.Offset + offset);
        }
        catch (IOException e)
        {
            throw WriteError.From(e, _paths[place.Shard]);
        }
    }

    /// <summary>Reads bytes of a shard back.</summary>
    /// <returns>Number of bytes read; less than requested only at the end of the file.</returns>
    public int Read(int shard, long offset, Span<byte> bytes)
    {
        try
        {
            int total = 0;
            while (total < bytes.Length && RandomAccess.Read(_files[shard], bytes[total..], offset + total) is int read and > 0)
                total += read;
            return total;
        }
        catch (IOException e)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{_paths[shard]}: {e.Message}", e);
        }
    }

    /// <summary>Waits until everything is on disk.</summary>
    public void Sync()
    {
        for (int shard = 0; shard < _files.Length; shard++)
        {
            try
            {
                RandomAccess.FlushToDisk(_files[shard]);
            }
            catch (IOException e)
            {
                throw WriteError.From(e, _paths[shard]);
            }
        }
    }

    public void Dispose()
    {
        foreach (SafeFileHandle? file in _files)
            file?.Dispose();
    }

    private static SafeFileHandle Open(string path, PlannedShard shard)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
            if (RandomAccess.GetLength(file) != shard.Length)
            {
                // .NET's own preallocation leaves the length unchanged, and a resumed run recognises its shard by the length.
                LinuxFile.Allocate(file, shard.Length);
                RandomAccess.SetLength(file, shard.Length);
            }

            RandomAccess.Write(file, shard.Header.Span, 0);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw WriteError.From(e, path);
        }
    }

    /// <summary>Refuses at once an output that the disk has no space for, rather than fail hours later.</summary>
    private void CheckRoom(string folder, ShardLayout layout)
    {
        long needed = layout.Shards.Sum(shard => shard.Length);
        long there = _paths.Where(File.Exists).Sum(path => new FileInfo(path).Length);
        long free = new DriveInfo(folder).AvailableFreeSpace;
        if (needed - there > free)
            throw new DemException(ErrorCode.DiskFull, $"{folder}: {needed - there} bytes are needed, {free} are free");
    }
}
