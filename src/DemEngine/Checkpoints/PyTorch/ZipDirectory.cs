using System.Buffers.Binary;
using System.Text;
using DemEngine.Checkpoints.Shards;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// Directory of a zip archive whose files are read where they lie. The framework's reader says nothing of places and only gives
/// streams. Everything is checked, since the archive may be hostile.
/// </summary>
internal sealed class ZipDirectory
{
    // A file in the archive for each tensor's storage, of which a large model has some thousand.
    private const int MostEntries = 1 << 20;
    private const long LongestDirectory = 256L << 20;
    private const int EntryLength = 46;
    private const int HeaderLength = 30;
    private const int LongestName = 1024;
    private const ushort Zip64 = 1;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly IShardReader _file;
    private readonly Dictionary<string, ZipEntry> _entries = new(StringComparer.Ordinal);
    private readonly long[] _starts;
    private readonly long _directoryStart;

    private ZipDirectory(IShardReader file, ZipEnd end)
    {
        _file = file;
        _directoryStart = end.Start;
        if (end.Entries > MostEntries || end.Length > LongestDirectory)
            throw Wrong(file, $"its directory has {end.Entries} entries in {end.Length} bytes");
        byte[] directory = new byte[end.Length];
        file.Peek(end.Start, directory);
        ReadOnlySpan<byte> rest = directory;
        for (long k = 0; k < end.Entries; k++)
        {
            ZipEntry entry = ReadEntry(ref rest);
            if (!_entries.TryAdd(entry.Name, entry))
                throw Wrong(file, $"its directory names {Quoted.Name(entry.Name)} twice");
        }

        if (!rest.IsEmpty)
            throw Wrong(file, $"its directory has {rest.Length} bytes more than entries");
        _starts = [.. _entries.Values.Select(entry => entry.Header).Order()];
        CheckOverlaps();
    }

    /// <summary>The files in the archive.</summary>
    public IReadOnlyCollection<ZipEntry> Entries => _entries.Values;

    /// <summary>Reads the directory of an archive.</summary>
    /// <param name="file">The archive.</param>
    /// <exception cref="DemException">DEM2041 (BadTorchFile): the archive is damaged.</exception>
    public static ZipDirectory Read(IShardReader file) => new(file, ZipEnd.Find(file));

    /// <summary>Finds a file in the archive; null if there is none.</summary>
    public ZipEntry? Find(string name) => _entries.GetValueOrDefault(name);

    /// <summary>Finds where the contents of a file begin, which only its own header says.</summary>
    /// <param name="entry">The file in the archive.</param>
    /// <returns>Offset of the first byte in the archive.</returns>
    /// <exception cref="DemException">
    /// DEM2041 (BadTorchFile): the header is damaged. DEM2042 (TorchFormNotRead): the file is compressed or encrypted.
    /// </exception>
    public long StartOf(ZipEntry entry)
    {
        if (entry.IsEncrypted || entry.Method != 0)
            throw new DemException(
                ErrorCode.TorchFormNotRead,
                $"{_file.Path}: {Quoted.Name(entry.Name)} in the archive is {(entry.IsEncrypted ? "encrypted" : "compressed")}, "
                + "which torch.save does not do",
                remedy: "Save the file again with torch.save, or unpack it and zip it again without compression (zip -0).")
            {
                Path = _file.Path,
            };
        if (entry.Stored != entry.Length)
            throw Wrong(_file, $"{Quoted.Name(entry.Name)} is stored in {entry.Stored} bytes and has {entry.Length}");
        Span<byte> header = stackalloc byte[HeaderLength];
        if (entry.Header > _directoryStart - HeaderLength)
            throw Outside(entry);
        _file.Peek(entry.Header, header);
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(header[26..]);
        byte[] name = new byte[Math.Min(nameLength, LongestName)];
        long start = entry.Header + HeaderLength + nameLength + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        int place = Array.BinarySearch(_starts, entry.Header);
        long next = place + 1 < _starts.Length ? _starts[place + 1] : _directoryStart;
        if (start > next || entry.Length > next - start)
            throw Outside(entry);
        _file.Peek(entry.Header + HeaderLength, name);

        // With bit 3 the lengths stand behind the contents; 64-bit lengths stand elsewhere too.
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[22..]);
        bool isLengthElsewhere = (header[6] & 8) != 0 || length == uint.MaxValue;
        return header.StartsWith("PK\u0003\u0004"u8)
            && name.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(entry.Name))
            && header[8] == 0 && header[9] == 0
            && (isLengthElsewhere || length == entry.Length)
            ? start
            : throw Wrong(_file, $"the header of {Quoted.Name(entry.Name)} is not what the directory says");
    }

    /// <summary>Finds a file in the archive that is read in place.</summary>
    /// <param name="entry">The file in the archive.</param>
    /// <exception cref="DemException">Any error of <see cref="StartOf"/>.</exception>
    public ArchiveRecord RecordOf(ZipEntry entry) => new(entry.Name, StartOf(entry), entry.Length, entry.Checksum);

    /// <summary>Reads a small file in the archive, and compares its checksum.</summary>
    /// <param name="entry">The file in the archive.</param>
    /// <exception cref="DemException">
    /// DEM2041 (BadTorchFile): the contents are not what the checksum says. Any error of <see cref="StartOf"/>.
    /// </exception>
    public byte[] Read(ZipEntry entry)
    {
        ArchiveRecord record = RecordOf(entry);
        byte[] contents = new byte[record.Length];
        _file.Peek(record.Start, contents);
        return !record.HasChecksum || Checksum.Of(contents).Value == record.Checksum
            ? contents
            : throw Damaged(_file, record.Name);
    }

    /// <summary>Makes the error of an archive with a file whose contents are not what its checksum says.</summary>
    /// <param name="file">The archive.</param>
    /// <param name="name">Path of the file in it.</param>
    public static DemException Damaged(IShardReader file, string name) =>
        Wrong(file, $"the contents of {Quoted.Name(name)} are not those that its checksum states: some bytes have changed");

    /// <summary>Makes the error of an archive that is damaged.</summary>
    /// <param name="file">The archive.</param>
    /// <param name="why">What is wrong with it.</param>
    public static DemException Wrong(IShardReader file, string why) =>
        new(ErrorCode.BadTorchFile, $"{file.Path}: a zip archive of PyTorch, but {why}") { Path = file.Path };

    private ZipEntry ReadEntry(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < EntryLength || !rest.StartsWith("PK\u0001\u0002"u8))
            throw Wrong(_file, "its directory is damaged");
        ReadOnlySpan<byte> fixedPart = rest[..EntryLength];
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[28..]);
        int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[30..]);
        int commentLength = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[32..]);
        int whole = EntryLength + nameLength + extraLength + commentLength;
        if (rest.Length < whole)
            throw Wrong(_file, "its directory is damaged");
        string name = NameOf(rest.Slice(EntryLength, nameLength));
        ReadOnlySpan<byte> extra = Extra64(rest.Slice(EntryLength + nameLength, extraLength));
        long length = Number(BinaryPrimitives.ReadUInt32LittleEndian(fixedPart[24..]), ref extra, name);
        long stored = Number(BinaryPrimitives.ReadUInt32LittleEndian(fixedPart[20..]), ref extra, name);
        long header = Number(BinaryPrimitives.ReadUInt32LittleEndian(fixedPart[42..]), ref extra, name);
        rest = rest[whole..];
        return new ZipEntry(
            name,
            BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[10..]),
            (fixedPart[8] & 1) != 0,
            stored,
            length,
            header,
            BinaryPrimitives.ReadUInt32LittleEndian(fixedPart[16..]));
    }

    private string NameOf(ReadOnlySpan<byte> bytes)
    {
        string name;
        try
        {
            name = Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Wrong(_file, "its directory has a name that is not UTF-8");
        }

        // Nothing is unpacked, so that such a name leads nowhere; but torch.save does not write it.
        bool isPlain = name.Length is > 0 and <= LongestName && name[0] != '/' && name.AsSpan().IndexOfAny("\\:\0") < 0
            && !name.Split('/').Contains("..");
        return isPlain ? name : throw Wrong(_file, $"its directory has the name {Quoted.Name(name)}");
    }

    // A record of another kind, or one that is cut off, is none of 64-bit numbers.
    private static ReadOnlySpan<byte> Extra64(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4)
                return default;
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == Zip64)
                return extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }

        return default;
    }

    private long Number(uint number, ref ReadOnlySpan<byte> extra, string name)
    {
        if (number != uint.MaxValue)
            return number;
        if (extra.Length < sizeof(long))
            throw Wrong(_file, $"a length of {Quoted.Name(name)} is missing");
        long long64 = BinaryPrimitives.ReadInt64LittleEndian(extra);
        extra = extra[sizeof(long)..];
        return long64 >= 0 ? long64 : throw Wrong(_file, $"a length of {Quoted.Name(name)} is {(ulong)long64}");
    }

    private void CheckOverlaps()
    {
        ZipEntry? before = null;
        foreach (ZipEntry entry in _entries.Values.OrderBy(entry => entry.Header))
        {
            if (entry.Header > _directoryStart - HeaderLength || entry.Stored > _directoryStart - HeaderLength - entry.Header)
                throw Outside(entry);
            if (before is not null && before.Stored > entry.Header - before.Header - HeaderLength)
                throw Wrong(_file, $"{Quoted.Name(before.Name)} overlaps {Quoted.Name(entry.Name)}");
            before = entry;
        }
    }

    private DemException Outside(ZipEntry entry) =>
        Wrong(_file, $"{Quoted.Name(entry.Name)}, of {entry.Length} bytes, is cut off or overlaps what follows");
}
