using System.IO.MemoryMappedFiles;
using DemEngine.Files;
using DemEngine.Memory;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Checkpoints.Shards;

/// <summary>
/// Shard reader that maps the whole file through one pointer. Small parts are not read through the mapping, since a page that is
/// not in memory brings as much of the file as the disk reads ahead: megabytes for a few kilobytes.
/// </summary>
internal sealed unsafe class MappedShard : IShardReader
{
    private readonly SafeFileHandle _handle;
    private readonly string _path;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _origin;

    public MappedShard(string path)
    {
        _path = path;
        _handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            Stamp = FileStamp.Of(_handle);
            if (Length == 0)
                return; // An empty file cannot be mapped.

            LinuxFile.WillReadHereAndThere(_handle);
            _file = MemoryMappedFile.CreateFromFile(
                _handle,
                null,
                0,
                MemoryMappedFileAccess.Read,
                HandleInheritability.None,
                leaveOpen: true);
            _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _origin);
            _origin += _view.PointerOffset;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path => _path;

    public FileStamp Stamp { get; }

    public long Length => Stamp.Length;

    public bool IsCopying => false;

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        CheckRange(offset, length);
        if (!LinuxFile.TryPopulate(_origin + offset, length))
            throw Failed();
        return new NativeBytes(_origin + offset, length);
    }

    public void Peek(long offset, Span<byte> destination) => PreadShard.Fill(_handle, _path, offset, destination);

    public void WillNeed(long offset, long length)
    {
        CheckRange(offset, length);
        LinuxFile.WillNeed(_origin + offset, length);
    }

    /// <summary>Whether most of a part is in the page cache; false where the system does not say.</summary>
    public bool IsCached(long offset, long length)
    {
        CheckRange(offset, length);
        return LinuxFile.IsMostlyInMemory(_origin + offset, length);
    }

    public void Dispose()
    {
        if (_origin is not null)
            _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _origin = null;
        _view?.Dispose();
        _file?.Dispose();
        _handle.Dispose();
    }

    private DemException Failed()
    {
        try
        {
            if (FileStamp.Of(_path).Length < Length)
                return new DemException(ErrorCode.InputChanged, $"{_path}: the file became shorter while it was read");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new DemException(ErrorCode.ReadFailed, $"{_path}: {e.Message}", e);
        }

        return new DemException(ErrorCode.ReadFailed, $"{_path}: a part of the file cannot be read from the disk");
    }

    /// <summary>Throws where a part is not in the file, or the file was closed: its memory is no longer mapped.</summary>
    private void CheckRange(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
    }
}
