namespace DemEngine.Evaluation.Records;

/// <summary>
/// Checks what a Parquet file says of the lengths of its pages before the library reads them, which makes room for as much as is
/// said (https://parquet.apache.org/docs/file-format/data-pages).
/// </summary>
internal static class ParquetPages
{
    private const int Snappy = 1;
    private const int UsualHeader = 1 << 12;
    private const int LongestHeader = 1 << 24;

    // Four bytes make a block of 128 KiB at most in Zstandard (RFC 8878, 3.1.1.2.3), and no other form makes more of them.
    private const long Expansion = 32768;

    private static readonly ThriftStructure DataPage = new(
        "data page",
        [.. Integers(1, 2, 3, 4), (5, ParquetFooter.Statistics)]);

    private static readonly ThriftStructure DictionaryPage = new(
        "dictionary page",
        [.. Integers(1, 2), (3, new(ThriftType.True))]);

    private static readonly ThriftStructure DataPageV2 = new(
        "data page",
        [.. Integers(1, 2, 3, 4, 5, 6), (7, new(ThriftType.True)), (8, ParquetFooter.Statistics)]);

    private static readonly ThriftStructure Header = new(
        "page header",
        [
            .. Integers(1, 2, 3, 4),
            (5, Of(DataPage)),
            (6, Of(new("index page"))),
            (7, Of(DictionaryPage)),
            (8, Of(DataPageV2)),
        ]);

    /// <summary>Checks the pages of all columns.</summary>
    /// <returns>Whether a data page is of the second version, of which the library does not read all.</returns>
    /// <exception cref="InvalidDataException">
    /// A page is longer than the file, or holds more or fewer values than said.
    /// </exception>
    public static bool Check(Stream file, IEnumerable<ParquetGroup> groups)
    {
        bool isSecond = false;
        foreach (ParquetGroup group in groups)
        {
            foreach (ParquetColumn column in group.Columns)
            {
                if (group.Rows < 0 || column.Values < group.Rows || column.Values > int.MaxValue)
                    throw new InvalidDataException($"a column has {column.Values} values in {group.Rows} rows");
                if (column.Start != 0)
                    isSecond |= CheckColumn(file, column);
            }
        }

        return isSecond;
    }

    private static bool CheckColumn(Stream file, ParquetColumn column)
    {
        bool isSecond = false;
        long start = column.Start;
        for (long left = column.Values; left > 0;)
        {
            if (start < 0 || start >= file.Length)
                throw new InvalidDataException($"a page is at byte {start} of {file.Length}");
            var (page, header) = Read(file, start);
            long rest = file.Length - start - header;
            if (page.Stored < 0 || page.Stored > rest)
                throw new InvalidDataException($"the page at byte {start} has {page.Stored} bytes, and {rest} are left");
            if (page.Whole < 0 || page.Whole > Expansion * Math.Max(1, page.Stored))
                throw new InvalidDataException($"the page at byte {start} has {page.Whole} bytes without compression");
            if (column.Codec == Snappy)
                CheckSnappy(file, start + header, page);
            if (page.Values < 0 || page.Values > left || page.Entries < 0 || page.Entries > page.Whole)
                throw new InvalidDataException($"the page at byte {start} has {page.Values + page.Entries} values");
            left -= page.Values;
            start += header + page.Stored;
            isSecond |= page.IsSecond;
        }

        return isSecond;
    }

    // A page says itself how long it is; most headers are short.
    private static (Page Page, int Header) Read(Stream file, long start)
    {
        for (int most = UsualHeader; ; most = LongestHeader)
        {
            byte[] bytes = new byte[Math.Min(most, file.Length - start)];
            file.Position = start;
            file.ReadExactly(bytes);
            var page = new Page();
            var header = new CompactThrift(bytes, page.Note);
            try
            {
                header.Skip(Header);
                return (page, header.Length);
            }
            catch (InvalidDataException) when (bytes.Length == UsualHeader)
            {
                // It may go on behind these bytes.
            }
        }
    }

    // Snappy begins with the length that it makes.
    private static void CheckSnappy(Stream file, long start, Page page)
    {
        if (page.Stored <= page.Levels || !page.IsCompressed)
            return;
        file.Position = start + page.Levels;
        long length = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            int part = file.ReadByte();
            length |= (long)(part & 0x7F) << shift;
            if (part < 0x80)
                break;
        }

        if (length > page.Whole)
            throw new InvalidDataException($"a page of {page.Whole} bytes has {length} in its compressed form");
    }

    private static (int Field, ThriftKind Kind)[] Integers(params IEnumerable<int> fields) =>
        [.. fields.Select(field => (field, new ThriftKind(ThriftType.Int32)))];

    private static ThriftKind Of(ThriftStructure structure) => new(ThriftType.Structure, null, structure);

    private sealed class Page
    {
        public long Whole { get; private set; }

        public long Stored { get; private set; }

        public long Values { get; private set; }

        public long Entries { get; private set; }

        /// <summary>Number of bytes of levels in front of the values, which the second version does not compress.</summary>
        public long Levels { get; private set; }

        /// <summary>Whether it is a data page of the second version.</summary>
        public bool IsSecond { get; private set; }

        public bool IsCompressed => Stored != Whole || Levels == 0;

        public void Note(ThriftStructure structure, int field, long value)
        {
            if (structure == Header)
            {
                if (field == 2)
                    Whole = value;
                else if (field == 3)
                    Stored = value;
            }
            else if (structure == DictionaryPage)
            {
                if (field == 1)
                    Entries = value;
            }
            else if (structure == DataPage || structure == DataPageV2)
            {
                IsSecond |= structure == DataPageV2;
                if (field == 1)
                    Values = value;
                else if (structure == DataPageV2 && field is 5 or 6)
                    Levels += Math.Clamp(value, 0, int.MaxValue);
            }
        }
    }
}
