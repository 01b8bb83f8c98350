using System.Buffers.Binary;

namespace DemEngine.Evaluation.Records;

/// <summary>
/// Checks the messages of an Arrow file or stream before the library reads them: it takes room for as much as a message says,
/// and goes where one leads (https://arrow.apache.org/docs/format/Columnar.html, format/Message.fbs, Schema.fbs and File.fbs).
/// </summary>
internal static class ArrowMessages
{
    private const int Magic = 6;
    private const int DeepestField = 64;

    /// <summary>Checks all messages.</summary>
    /// <exception cref="InvalidDataException">A message is longer than the file or contradicts itself.</exception>
    public static void Check(FileStream file, bool isStream)
    {
        if (isStream)
            CheckStream(file);
        else
            CheckFile(file);
        file.Position = 0;
    }

    private static void CheckStream(FileStream file)
    {
        file.Position = 0;
        if (Next(file) != ArrowHeader.Schema)
            throw new InvalidDataException("it does not begin with a schema");
        while (Next(file) is not null)
        {
        }
    }

    private static void CheckFile(FileStream file)
    {
        long end = file.Length - Magic - sizeof(int);
        file.Position = Math.Max(0, end);
        int length = ReadInt32(file) ?? 0;
        if (length <= 0 || length > end)
            throw new InvalidDataException($"its footer has {length} bytes, of {file.Length} in all");
        file.Position = end - length;
        FlatTable footer = FlatTable.Root(ReadExactly(file, length));
        if (footer.TryTable(1, out FlatTable schema))
            CheckSchema(schema);
        CheckBlocks(file, footer.Items(2, 24), ArrowHeader.DictionaryBatch);
        CheckBlocks(file, footer.Items(3, 24), ArrowHeader.RecordBatch);
    }

    private static void CheckBlocks(FileStream file, ReadOnlySpan<byte> blocks, ArrowHeader kind)
    {
        for (; blocks.Length > 0; blocks = blocks[24..])
        {
            long start = BinaryPrimitives.ReadInt64LittleEndian(blocks);
            if (start < 0 || start > file.Length)
                throw new InvalidDataException($"a message is at byte {start} of {file.Length}");
            file.Position = start;
            if (Next(file) is var found && found != kind)
                throw new InvalidDataException($"the message at byte {start} is no {kind}");
        }
    }

    // Goes past the message where the file stands; null where there is none, as at the end of a stream.
    private static ArrowHeader? Next(FileStream file)
    {
        int? length = ReadInt32(file);
        if (length == -1)
            length = ReadInt32(file);
        if (length is null or 0)
            return null;
        long rest = file.Length - file.Position;
        if (length < 0 || length > rest)
            throw new InvalidDataException($"a message's description has {length} bytes, and {rest} are left");
        FlatTable message = FlatTable.Root(ReadExactly(file, length.Value));
        long body = message.Int64(3);
        rest = file.Length - file.Position;
        if (body < 0 || body > rest)
            throw new InvalidDataException($"a message has {body} bytes, and {rest} are left");
        var kind = (ArrowHeader)message.Byte(1);
        if (message.TryTable(2, out FlatTable header))
        {
            if (kind == ArrowHeader.Schema)
                CheckSchema(header);
            else if (kind == ArrowHeader.RecordBatch)
                CheckBatch(header, body);
            else if (kind == ArrowHeader.DictionaryBatch && header.TryTable(1, out FlatTable batch))
                CheckBatch(batch, body);
        }

        file.Position += body;
        return kind;
    }

    private static void CheckSchema(FlatTable schema)
    {
        // Fields may be shared, so that a few of them, nested, could stand for more than any memory holds.
        int left = 1_000_000;
        CheckFields(schema, 1, 0, ref left);
        _ = schema.CountTables(2);
    }

    private static void CheckFields(FlatTable parent, int of, int depth, ref int left)
    {
        int count = parent.CountTables(of);
        left -= count;
        if (depth > DeepestField || left < 0)
            throw new InvalidDataException("it has too many columns, or too deep ones");
        for (int k = 0; k < count; k++)
        {
            FlatTable field = parent.TableAt(of, k);
            const byte union = 14;
            if (field.Byte(2) == union && field.TryTable(3, out FlatTable type))
                _ = type.Items(1, sizeof(int));
            _ = field.CountTables(6);
            CheckFields(field, 5, depth + 1, ref left);
        }
    }

    private static void CheckBatch(FlatTable batch, long body)
    {
        long rows = batch.Int64(0);
        ReadOnlySpan<byte> nodes = batch.Items(1, 16), buffers = batch.Items(2, 16), counts = batch.Items(4, sizeof(long));
        if (rows is < 0 or > int.MaxValue || (rows > 0 && nodes.Length == 0))
            throw new InvalidDataException($"a batch has {rows} rows in {nodes.Length / 16} columns");
        for (; nodes.Length > 0; nodes = nodes[16..])
        {
            var (length, nulls) = Pair(nodes);
            if (length is < 0 or > int.MaxValue || nulls < 0 || nulls > length)
                throw new InvalidDataException($"a column has {length} values, {nulls} of them null");
        }

        long most = buffers.Length / 16;
        for (; buffers.Length > 0; buffers = buffers[16..])
        {
            var (start, length) = Pair(buffers);
            if (start < 0 || length < 0 || start > body - length)
                throw new InvalidDataException($"{length} bytes of a column are at byte {start} of {body}");
        }

        for (; counts.Length > 0; counts = counts[sizeof(long)..])
        {
            if (BinaryPrimitives.ReadInt64LittleEndian(counts) is var count && (count < 0 || count > most))
                throw new InvalidDataException($"a column has {count} of {most} buffers");
        }
    }

    private static (long First, long Second) Pair(ReadOnlySpan<byte> pair) =>
        (BinaryPrimitives.ReadInt64LittleEndian(pair), BinaryPrimitives.ReadInt64LittleEndian(pair[8..]));

    private static int? ReadInt32(FileStream file)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        return file.ReadAtLeast(number, number.Length, throwOnEndOfStream: false) == number.Length
            ? BinaryPrimitives.ReadInt32LittleEndian(number)
            : null;
    }

    private static byte[] ReadExactly(FileStream file, int length)
    {
        byte[] bytes = new byte[length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private enum ArrowHeader : byte
    {
        Schema = 1,
        DictionaryBatch = 2,
        RecordBatch = 3,
    }
}
