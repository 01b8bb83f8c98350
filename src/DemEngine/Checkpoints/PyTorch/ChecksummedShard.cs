using DemEngine.Checkpoints.Shards;
using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// Reads an archive and compares the checksum of each file in it that is read from its beginning to its end, in whatever order:
/// no byte is read for that which is not asked for.
/// </summary>
/// <param name="file">The archive; not disposed with this.</param>
/// <param name="records">The files in it.</param>
internal sealed class ChecksummedShard(IShardReader file, IEnumerable<ArchiveRecord> records) : IShardReader
{
    private readonly RecordCheck[] _checks =
    [
        .. records.Where(record => record is { HasChecksum: true, Length: > 0 })
            .OrderBy(record => record.Start)
            .Select(record => new RecordCheck(record)),
    ];

    /// <summary>Whether the archive is in a store.</summary>
    public bool IsInStore => file is StoreShard;

    public string Path => file.Path;

    public FileStamp Stamp => file.Stamp;

    public long Length => file.Length;

    public bool IsCopying => file.IsCopying;

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        NativeBytes part = file.Read(offset, length, scratch);
        Check(offset, part.Span);
        return part;
    }

    public void Copy(long offset, Span<byte> destination)
    {
        file.Copy(offset, destination);
        Check(offset, destination);
    }

    public void Peek(long offset, Span<byte> destination) => file.Peek(offset, destination);

    public void WillNeed(long offset, long length) => file.WillNeed(offset, length);

    public void Dispose()
    {
        // The file belongs to whoever opened it.
    }

    private void Check(long offset, ReadOnlySpan<byte> part)
    {
        int first = 0;
        for (int end = _checks.Length; first < end;)
        {
            int middle = (first + end) / 2;
            ArchiveRecord record = _checks[middle].Record;
            if (record.Start + record.Length <= offset)
                first = middle + 1;
            else
                end = middle;
        }

        for (; first < _checks.Length && _checks[first].Record.Start < offset + part.Length; first++)
        {
            ArchiveRecord record = _checks[first].Record;
            long from = Math.Max(offset, record.Start);
            long until = Math.Min(offset + part.Length, record.Start + record.Length);
            if (!_checks[first].Add(from - record.Start, part[(int)(from - offset)..(int)(until - offset)]))
                throw ZipDirectory.Damaged(file, record.Name);
        }
    }
}
