using DemEngine.Checkpoints;
using DemEngine.Files;

namespace DemEngine.Merging.Output;

/// <summary>
/// Writes the shards of an output, which are created at their full size with their headers. Any thread may write at the planned
/// offsets.
/// </summary>
internal sealed class ShardWriter
{
    private readonly OpenShards _files;
    private readonly string[] _paths;

    /// <summary>Creates the shards, or opens those of an unfinished run.</summary>
    /// <param name="folder">Folder of the shards.</param>
    /// <param name="layout">Layout of the output.</param>
    /// <param name="files">Keeps the shards open; they belong to it.</param>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge), DEM4013 (TooManyOpenFiles).
    /// </exception>
    public ShardWriter(string folder, ShardLayout layout, OpenShards files)
    {
        _paths = [.. layout.Shards.Select(shard => Path.Combine(folder, shard.FileName))];
        _files = files;
        CheckRoom(folder, layout);
        for (int shard = 0; shard < _paths.Length; shard++)
        {
            using OpenShards.Lease lease = _files.Open(_paths[shard]);
            Prepare(lease.File, layout.Shards[shard]);
        }
    }

    /// <summary>Writes a part of a tensor, which may be in the file only after <see cref="Finish"/>.</summary>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="offset">Offset of the part's first byte in the tensor.</param>
    /// <param name="bytes">Bytes of the part.</param>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge), DEM4013 (TooManyOpenFiles).
    /// </exception>
    public void Write(PlacedTensor place, long offset, ReadOnlySpan<byte> bytes) =>
        _files.Write(_paths[place.Shard], bytes, place.Offset + offset);

    /// <summary>Reads bytes of a shard back.</summary>
    /// <returns>Number of bytes read; less than requested only at the end of the file.</returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4013 (TooManyOpenFiles).</exception>
    public int Read(int shard, long offset, Span<byte> bytes)
    {
        using OpenShards.Lease lease = _files.Open(_paths[shard]);
        return lease.File.Read(offset, bytes);
    }

    /// <summary>
    /// Has what an earlier process wrote read from the disk, and not from the system's cache, where data may be that the disk
    /// never got.
    /// </summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed): the data may not be on disk.</exception>
    public void ReadFromDisk()
    {
        foreach (string path in _paths)
        {
            using OpenShards.Lease lease = _files.Open(path);
            OpenShards.Sync(lease.File);
            lease.File.DropFromCache();
        }
    }

    /// <summary>Waits until everything is on disk, and closes the shards.</summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed): the data may not be on disk.</exception>
    public void Finish()
    {
        _files.Close(_paths);
    }

    private static void Prepare(OutputFile file, PlannedShard shard)
    {
        if (file.Length != shard.Length)
            file.Reserve(shard.Length);
        file.Write(shard.Header.Span, 0);
    }

    /// <summary>Refuses at once an output that the disk has no space for, rather than fail hours later.</summary>
    private void CheckRoom(string folder, ShardLayout layout)
    {
        long needed = layout.Shards.Sum(shard => shard.Length);
        long there = _paths.Where(File.Exists).Sum(path => new FileInfo(path).Length);
        long free = DiskRoom.FreeIn(folder);
        if (needed - there > free)
            throw new DemException(ErrorCode.DiskFull, $"{folder}: {needed - there} bytes are needed, {free} are free")
            {
                Path = folder,
            };
    }
}
