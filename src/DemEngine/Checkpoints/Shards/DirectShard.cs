using DemEngine.Files;
using DemEngine.Memory;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Checkpoints.Shards;

/// <summary>
/// Shard reader that reads past the page cache, in blocks that are shared with the other shards of a run. On a file system that
/// cannot do this the same blocks go through the page cache.
/// </summary>
internal sealed class DirectShard : IShardReader, IDirectFile
{
    private readonly IShardReader _buffered;
    private readonly SafeFileHandle? _direct;
    private readonly DirectBlocks _blocks;
    private volatile bool _isDirect;

    /// <param name="path">Path of the file.</param>
    /// <param name="blocks">Blocks of all files of the run.</param>
    public DirectShard(string path, DirectBlocks blocks)
        : this(new PreadShard(path), blocks)
    {
    }

    /// <param name="buffered">Reads the same file through the page cache; disposed with this reader.</param>
    /// <param name="blocks">Blocks of all files of the run.</param>
    public DirectShard(IShardReader buffered, DirectBlocks blocks)
    {
        string path = buffered.Path;
        _blocks = blocks;
        _buffered = buffered;
        try
        {
            _direct = LinuxFile.TryOpenDirect(path);
            _isDirect = _direct is not null;
            if (_isDirect && FileStamp.Of(_direct!) != Stamp)
                throw new DemException(ErrorCode.InputChanged, $"{path}: the file was changed while it was being opened")
                {
                    Path = path,
                };
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path => _buffered.Path;

    public FileStamp Stamp => _buffered.Stamp;

    public long Length => _buffered.Length;

    public bool IsCopying => true;

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        NativeBytes target = scratch.Slice(0, length);
        Copy(offset, target.Span);
        return target;
    }

    public void Peek(long offset, Span<byte> destination) => _buffered.Peek(offset, destination);

    public void Copy(long offset, Span<byte> destination) => _blocks.Copy(this, offset, destination);

    public void WillNeed(long offset, long length) => _blocks.WillNeed(this, offset, length);

    public int ReadBlock(long offset, Span<byte> block)
    {
        int length = (int)Math.Min(block.Length, Length - offset);
        if (!_isDirect || !TryReadDirect(offset, block, length))
            _buffered.Peek(offset, block[..length]);
        return length;
    }

    public DemException Shorter() => new(ErrorCode.InputChanged, $"{Path}: the file became shorter while it was read")
    {
        Path = Path,
    };

    public void Dispose()
    {
        _blocks.Forget(this);
        _direct?.Dispose();
        _buffered.Dispose();
    }

    // The length that is asked for is a whole block at the end of the file too, where the system returns what there is.
    private bool TryReadDirect(long offset, Span<byte> block, int length)
    {
        int read = 0;
        try
        {
            while (read < length)
            {
                int count = RandomAccess.Read(_direct!, block[read..], offset + read);
                read += count;
                if (read < length && (count == 0 || read % NativeBuffer.Alignment != 0))
                    throw Shorter();
            }

            return true;
        }
        catch (IOException e) when (LinuxFile.IsNotPossible(e))
        {
            // Some file systems refuse only the reading.
            _isDirect = false;
            return false;
        }
        catch (IOException e)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{Path}: {e.Message}", e) { Path = Path };
        }
    }
}
