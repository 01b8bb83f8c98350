using System.Buffers.Binary;
using DemEngine.Checkpoints.Shards;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// The record at the end of a zip archive, which says where its directory is (APPNOTE 6.3.10, 4.3.14 to 4.3.16:
/// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
/// </summary>
/// <param name="Entries">Number of files in the archive.</param>
/// <param name="Start">Offset of the directory.</param>
/// <param name="Length">Length of the directory in bytes.</param>
internal readonly record struct ZipEnd(long Entries, long Start, long Length)
{
    private const int EndLength = 22;
    private const int LongestComment = ushort.MaxValue;
    private const int Locator64Length = 20;
    private const int End64Length = 56;

    /// <summary>Finds the record.</summary>
    /// <param name="file">The archive.</param>
    /// <exception cref="DemException">DEM2041 (BadTorchFile): there is none, or it contradicts itself or the file.</exception>
    public static ZipEnd Find(IShardReader file)
    {
        byte[] tail = new byte[Math.Min(file.Length, EndLength + LongestComment)];
        long tailStart = file.Length - tail.Length;
        file.Peek(tailStart, tail);

        // The comment after the record ends where the file does, which tells the record from its like in a comment.
        int at = tail.Length - EndLength;
        while (at >= 0 && !(tail.AsSpan(at).StartsWith("PK\u0005\u0006"u8)
            && BinaryPrimitives.ReadUInt16LittleEndian(tail.AsSpan(at + 20)) == tail.Length - at - EndLength))
            at--;
        if (at < 0)
            throw ZipDirectory.Wrong(file, "its directory, which stands at the end, is not there: the file is cut off");
        ReadOnlySpan<byte> end = tail.AsSpan(at, EndLength);
        long endStart = tailStart + at;
        ushort entries = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
        var found = new ZipEnd(
            entries, BinaryPrimitives.ReadUInt32LittleEndian(end[16..]), BinaryPrimitives.ReadUInt32LittleEndian(end[12..]));
        bool isDivided = BinaryPrimitives.ReadUInt16LittleEndian(end[4..]) is not (0 or ushort.MaxValue)
            || BinaryPrimitives.ReadUInt16LittleEndian(end[8..]) != entries;
        if (Find64(file, endStart) is { } found64)
        {
            bool areAlike = (entries == ushort.MaxValue || entries == found64.Entries)
                && (found.Start == uint.MaxValue || found.Start == found64.Start)
                && (found.Length == uint.MaxValue || found.Length == found64.Length);
            if (!areAlike)
                throw ZipDirectory.Wrong(file, "its two end records contradict each other");
            found = found64;
        }

        return !isDivided && found.Start >= 0 && found.Length >= 0 && found.Entries >= 0
            && found.Start <= endStart && found.Length <= endStart - found.Start
            ? found
            : throw ZipDirectory.Wrong(file, "its end record points outside the file");
    }

    private static ZipEnd? Find64(IShardReader file, long endStart)
    {
        if (endStart < Locator64Length + End64Length)
            return null;
        Span<byte> locator = stackalloc byte[Locator64Length];
        file.Peek(endStart - Locator64Length, locator);
        if (!locator.StartsWith("PK\u0006\u0007"u8))
            return null;
        long start = BinaryPrimitives.ReadInt64LittleEndian(locator[8..]);
        if (start < 0 || start > endStart - Locator64Length - End64Length)
            throw ZipDirectory.Wrong(file, "its 64-bit end record lies outside the file");
        Span<byte> end = stackalloc byte[End64Length];
        file.Peek(start, end);
        long entries = BinaryPrimitives.ReadInt64LittleEndian(end[32..]);
        return end.StartsWith("PK\u0006\u0006"u8) && BinaryPrimitives.ReadInt64LittleEndian(end[24..]) == entries
            ? new ZipEnd(
                entries, BinaryPrimitives.ReadInt64LittleEndian(end[48..]), BinaryPrimitives.ReadInt64LittleEndian(end[40..]))
            : throw ZipDirectory.Wrong(file, "its 64-bit end record is not where its end says");
    }
}
