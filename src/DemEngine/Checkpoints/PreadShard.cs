using DemEngine.Files;
using DemEngine.Memory;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Checkpoints;

/// <summary>Shard reader that reads at given offsets into the caller's buffers.</summary>
internal sealed class PreadShard : IShardReader
{
    private readonly SafeFileHandle _file;
    private readonly string _path;

    public PreadShard(string path)
    {
        _path = path;
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Stamp = FileStamp.Of(_file);
    }

    public FileStamp Stamp { get; }

    public long Length => Stamp.Length;

    public bool IsCopying => true;

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        NativeBytes target = scratch.Slice(0, length);
        Span<byte> rest = target.Span;
        while (rest.Length > 0)
        {
            int read;
            try
            {
                read = RandomAccess.Read(_file, rest, offset);
            }
            catch (IOException e)
            {
                throw new DemException(ErrorCode.ReadFailed, $"{_path}: {e.Message}", e);
            }

            if (read == 0)
                throw new DemException(ErrorCode.InputChanged, $"{_path}: the file became shorter while it was read");
            rest = rest[read..];
            offset += read;
        }

        return target;
    }

    public void WillNeed(long offset, long length) => LinuxFile.WillNeed(_file, offset, length);

    public void Dispose() => _file.Dispose();
}
