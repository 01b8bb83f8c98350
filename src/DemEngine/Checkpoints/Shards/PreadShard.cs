using DemEngine.Files;
using DemEngine.Memory;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Checkpoints.Shards;

/// <summary>Shard reader that reads at given offsets into the caller's buffers.</summary>
internal sealed class PreadShard : IShardReader
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private SafeFileHandle? _samples;

    public PreadShard(string path)
    {
        _path = path;
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Stamp = FileStamp.Of(_file);
    }

    public string Path => _path;

    public FileStamp Stamp { get; }

    public long Length => Stamp.Length;

    public bool IsCopying => true;

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        NativeBytes target = scratch.Slice(0, length);
        Copy(offset, target.Span);
        return target;
    }

    // Samples have a handle of their own, since the system would take those that follow each other for the start of a long
    // reading, and read ahead.
    public void Peek(long offset, Span<byte> destination)
    {
        if (_samples is null)
        {
            SafeFileHandle opened = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.Read);
            LinuxFile.WillReadHereAndThere(opened);
            if (FileStamp.Of(opened) != Stamp || Interlocked.CompareExchange(ref _samples, opened, null) is not null)
                opened.Dispose();
        }

        Fill(_samples ?? _file, _path, offset, destination);
    }

    public void Copy(long offset, Span<byte> destination) => Fill(_file, _path, offset, destination);

    /// <summary>Reads a part of a file.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="path">Path of the file, for messages.</param>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <param name="rest">Memory to fill completely.</param>
    /// <exception cref="DemException">
    /// DEM4003 (ReadFailed): the file cannot be read. DEM4005 (InputChanged): it became shorter.
    /// </exception>
    public static void Fill(SafeFileHandle file, string path, long offset, Span<byte> rest)
    {
        while (rest.Length > 0)
        {
            int read;
            try
            {
                read = RandomAccess.Read(file, rest, offset);
            }
            catch (IOException e)
            {
                throw new DemException(ErrorCode.ReadFailed, $"{path}: {e.Message}", e) { Path = path };
            }

            if (read == 0)
                throw new DemException(ErrorCode.InputChanged, $"{path}: the file became shorter while it was read")
                {
                    Path = path,
                };
            rest = rest[read..];
            offset += read;
        }
    }

    public void WillNeed(long offset, long length) => LinuxFile.WillNeed(_file, offset, length);

    public void Dispose()
    {
        _samples?.Dispose();
        _file.Dispose();
    }
}
