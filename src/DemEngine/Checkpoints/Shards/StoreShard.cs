using System.IO.Hashing;
using System.Text;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Memory;
using DemEngine.Stores;

namespace DemEngine.Checkpoints.Shards;

/// <summary>
/// Shard reader of a file in a store. Tensors are read in whole blocks, several at a time and before they are needed, which are
/// shared with the other shards of a run; headers and samples are read by themselves.
/// </summary>
internal sealed class StoreShard : IShardReader, IDirectFile
{
    // Holds most headers, so that opening a shard takes one request.
    private const int HeadBytes = 128 << 10;

    private readonly StoreClient _client;
    private readonly StoreFile _file;
    private readonly DirectBlocks _blocks;
    private readonly CancellationTokenSource _closed = new();
    private readonly Lazy<byte[]> _head;
    private readonly StreamedFile? _whole;
    private IBlockCheck? _tensors;

    /// <param name="path">Path of the local file that stands for the store's.</param>
    /// <param name="standIn">The file, and its store.</param>
    /// <param name="blocks">Blocks of all files of the run.</param>
    public StoreShard(string path, StoreCopies.StandIn standIn, DirectBlocks blocks)
    {
        Path = path;
        (_client, _file) = standIn;
        _blocks = blocks;
        _whole = _file.Sha256 is { } sha256 ? new StreamedFile(Length, sha256) : null;
        _head = new(() => ReadPart(0, (int)Math.Min(Length, HeadBytes)));

        // A run is resumed only with files of the same version.
        ulong version = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(_file.Version));
        Stamp = new FileStamp(_file.Length, new DateTime((long)(version % (ulong)DateTime.MaxValue.Ticks), DateTimeKind.Utc));
    }

    public string Path { get; }

    public FileStamp Stamp { get; }

    public long Length => _file.Length;

    public bool IsCopying => true;

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        NativeBytes target = scratch.Slice(0, length);
        Copy(offset, target.Span);
        return target;
    }

    public void Peek(long offset, Span<byte> destination)
    {
        if (offset + destination.Length <= HeadBytes)
            _head.Value.AsSpan((int)offset, destination.Length).CopyTo(destination);
        else
            _client.Read(_file, offset, destination, _closed.Token);
    }

    public void Copy(long offset, Span<byte> destination) => _blocks.Copy(this, offset, destination);

    public void WillNeed(long offset, long length) => _blocks.WillNeed(this, offset, length);

    public int ReadBlock(long offset, Span<byte> block)
    {
        int length = (int)Math.Min(block.Length, Length - offset);
        try
        {
            _client.Read(_file, offset, block[..length], _closed.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{_file.Address}: closed while it was being read", e);
        }

        if (_whole?.Add(offset, block[..length]) == false)
            throw Wrong("what the store sent has another SHA-256 than the store states");
        if (_tensors?.Add(offset, block[..length]) is { } tensor)
            throw Wrong($"what the store sent of {Quoted.Name(tensor)} is not what the manifest beside it says");
        return length;
    }

    /// <summary>Has tensors checked against the manifest beside the file when all of their bytes were read.</summary>
    /// <param name="tensors">Takes the blocks of the file.</param>
    public void CheckBy(IBlockCheck tensors) => _tensors = tensors;

    public DemException Shorter() => new(ErrorCode.InputChanged, $"{_file.Address}: the file became shorter while it was read")
    {
        Path = _file.Address,
    };

    /// <summary>Throws if the file is another one than was opened.</summary>
    /// <exception cref="DemException">DEM4005 (InputChanged).</exception>
    public void CheckUnchanged() => _client.CheckUnchanged(_file);

    public void Dispose()
    {
        _closed.Cancel();
        _blocks.Forget(this);
        _closed.Dispose();
        _whole?.Dispose();
    }

    private DemException Wrong(string how) =>
        new(ErrorCode.StoreContentsWrong, $"{_file.Address}: {how}") { Path = _file.Address };

    private byte[] ReadPart(long offset, int length)
    {
        byte[] part = new byte[length];
        _client.Read(_file, offset, part, _closed.Token);
        return part;
    }
}
