using System.Buffers.Binary;

namespace DemEngine.Evaluation.Records;

/// <summary>
/// Checks the footer of a Parquet file before the library reads it: the library takes each field for what it should be, whatever
/// type is written there, and so loses its way in a damaged footer, among lists of billions
/// (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
/// </summary>
internal static class ParquetFooter
{
    private const int Tail = 8;

    private static readonly ThriftKind Bool = new(ThriftType.True);
    private static readonly ThriftKind Int8 = new(ThriftType.Byte);
    private static readonly ThriftKind Int16 = new(ThriftType.Int16);
    private static readonly ThriftKind Int32 = new(ThriftType.Int32);
    private static readonly ThriftKind Int64 = new(ThriftType.Int64);
    private static readonly ThriftKind Binary = new(ThriftType.Binary);

    private static readonly ThriftKind Empty = Of(new("logical type"));
    private static readonly ThriftKind Unit = Of(new("time unit", (1, Empty), (2, Empty), (3, Empty)));
    private static readonly ThriftKind Time = Of(new("time", (1, Bool), (2, Unit)));

    private static readonly ThriftKind Logical = Of(new(
        "logical type",
        [
            .. new[] { 1, 2, 3, 4, 6, 11, 12, 13, 14, 15 }.Select(field => (field, Empty)),
            (5, Of(new("decimal", (1, Int32), (2, Int32)))),
            (7, Time),
            (8, Time),
            (10, Of(new("whole number", (1, Int8), (2, Bool)))),
            (16, Of(new("variant", (1, Int8)))),
            (17, Of(new("geometry", (1, Binary)))),
            (18, Of(new("geography", (1, Binary), (2, Int32)))),
        ]));

    private static readonly ThriftKind SchemaElement = Of(new(
        "schema element",
        [.. Fields(Int32, 1, 2, 3, 5, 6, 7, 8, 9), (4, Binary), (10, Logical)]));

    private static readonly ThriftKind KeyValue = Of(new("key and value", (1, Binary), (2, Binary)));

    /// <summary>What pages say of their values.</summary>
    public static ThriftKind Statistics { get; } = Of(new(
        "statistics",
        [.. Fields(Binary, 1, 2, 5, 6), .. Fields(Int64, 3, 4, 9), .. Fields(Bool, 7, 8)]));

    private static readonly ThriftKind PageEncoding = Of(new("page encoding", Fields(Int32, 1, 2, 3)));
    private static readonly ThriftKind Sizes = Of(new("sizes", (1, Int64), (2, List(Int64)), (3, List(Int64))));
    private static readonly ThriftKind Box = Of(new("box", Fields(new(ThriftType.Double), 1, 2, 3, 4, 5, 6, 7, 8)));

    private static readonly ThriftKind Column = Of(new(
        "column",
        [
            .. Fields(Int32, 1, 4, 15),
            .. Fields(Int64, 5, 6, 7, 9, 10, 11, 14),
            (2, List(Int32)),
            (3, List(Binary)),
            (8, List(KeyValue)),
            (12, Statistics),
            (13, List(PageEncoding)),
            (16, Sizes),
            (17, Of(new("place", (1, Box), (2, List(Int32))))),
        ]));

    private static readonly ThriftKind Encryption = Of(new("encryption", (1, Binary), (2, Binary), (3, Bool)));

    private static readonly ThriftKind ColumnKey = Of(new(
        "key of a column",
        (1, Empty),
        (2, Of(new("key of a column", (1, List(Binary)), (2, Binary))))));

    private static readonly ThriftKind Chunk = Of(new(
        "column chunk",
        [.. Fields(Binary, 1, 9), .. Fields(Int64, 2, 4, 6), .. Fields(Int32, 5, 7), (3, Column), (8, ColumnKey)]));

    private static readonly ThriftKind Order = Of(new("order", (1, Int32), (2, Bool), (3, Bool)));

    private static readonly ThriftKind Group = Of(new(
        "row group",
        [.. Fields(Int64, 2, 3, 5, 6), (1, List(Chunk)), (4, List(Order)), (7, Int16)]));

    private static readonly ThriftStructure File = new(
        "footer",
        (1, Int32),
        (2, List(SchemaElement)),
        (3, Int64),
        (4, List(Group)),
        (5, List(KeyValue)),
        (6, Binary),
        (7, List(Of(new("column order", (1, Empty))))),
        (8, Of(new("encryption", (1, Encryption), (2, Encryption)))),
        (9, Binary));

    /// <summary>Checks the footer.</summary>
    /// <returns>The row groups.</returns>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static List<ParquetGroup> Check(Stream file)
    {
        Span<byte> tail = stackalloc byte[Tail];
        if (file.Length < Tail)
            throw new InvalidDataException($"it has {file.Length} bytes");
        file.Position = file.Length - Tail;
        file.ReadExactly(tail);
        int length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (length <= 0 || length > file.Length - Tail)
            throw new InvalidDataException($"its footer has {length} bytes, of {file.Length} in all");
        byte[] footer = new byte[length];
        file.Position = file.Length - Tail - length;
        file.ReadExactly(footer);
        var groups = new List<ParquetGroup>();
        new CompactThrift(footer, (structure, field, value) => Note(groups, structure, field, value)).Skip(File);
        return groups;
    }

    private static void Note(List<ParquetGroup> groups, ThriftStructure structure, int field, long value)
    {
        if (structure == Group.Structure)
        {
            if (field == 0)
                groups.Add(new ParquetGroup());
            else if (field == 3)
                groups[^1].Rows = value;
        }
        else if (structure == Column.Structure && groups.Count > 0)
        {
            List<ParquetColumn> columns = groups[^1].Columns;
            if (field == 0)
                columns.Add(new ParquetColumn());
            else if (field == 4)
                columns[^1].Codec = value;
            else if (field == 5)
                columns[^1].Values = value;
            else if (field is 9 or 11 && value != 0)
                columns[^1].Start = columns[^1].Start == 0 ? value : Math.Min(columns[^1].Start, value);
        }
    }

    private static ThriftKind Of(ThriftStructure structure) => new(ThriftType.Structure, null, structure);

    private static (int Field, ThriftKind Kind)[] Fields(ThriftKind kind, params ReadOnlySpan<int> fields)
    {
        var all = new (int, ThriftKind)[fields.Length];
        for (int k = 0; k < all.Length; k++)
            all[k] = (fields[k], kind);
        return all;
    }

    private static ThriftKind List(ThriftKind item) => new(ThriftType.List, item);
}

/// <summary>What a footer says of a row group.</summary>
internal sealed class ParquetGroup
{
    /// <summary>Number of rows.</summary>
    public long Rows { get; set; }

    /// <summary>Its columns, in which items of lists count as well.</summary>
    public List<ParquetColumn> Columns { get; } = [];
}

/// <summary>What a footer says of a column in a row group.</summary>
internal sealed class ParquetColumn
{
    /// <summary>How its pages are compressed; 1 is Snappy.</summary>
    public long Codec { get; set; }

    /// <summary>Number of values, with those that are null.</summary>
    public long Values { get; set; }

    /// <summary>Where its first page begins; 0 if the file does not say.</summary>
    public long Start { get; set; }
}
