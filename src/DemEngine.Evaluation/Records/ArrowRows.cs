using System.Text;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace DemEngine.Evaluation.Records;

/// <summary>
/// The rows of an Arrow file, which is Feather's second version, or of an Arrow stream, as the library datasets stores them
/// (https://arrow.apache.org/docs/format/Columnar.html, "Serialization and Interprocess Communication"), a batch at a time.
/// </summary>
internal static class ArrowRows
{
    /// <summary>Enumerates the rows, with their numbers from 1.</summary>
    /// <exception cref="DemException">
    /// DEM2111 (DataNotFound): the file cannot be read. DEM2083 (BadDataFile): it is damaged, or has a column that is not read.
    /// </exception>
    public static IEnumerable<DataRow> Read(string path)
    {
        using FileStream file = DataFiles.Open(path);
        using ArrowStreamReader reader = Guarded(path, () => Open(file));
        long number = 0;
        while (Guarded(path, reader.ReadNextRecordBatch) is { } batch)
        {
            using (batch)
            {
                for (int row = 0; row < batch.Length; row++)
                {
                    int taken = row;
                    yield return new DataRow(
                        $"{path}, row {++number}", Guarded(path, () => RowJson.Of(Columns(batch, taken))));
                }
            }
        }
    }

    private static ArrowStreamReader Open(FileStream file)
    {
        Span<byte> first = stackalloc byte[6];
        file.ReadExactly(first);
        bool isStream = !first.SequenceEqual("ARROW1"u8);
        ArrowMessages.Check(file, isStream);
        var codecs = new CompressionCodecFactory();
        var room = new ArrowRoom(file.Length);
        return isStream
            ? new ArrowStreamReader(file, room, codecs, leaveOpen: true)
            : new ArrowFileReader(file, room, codecs, leaveOpen: true);
    }

    private static IEnumerable<KeyValuePair<string, object?>> Columns(RecordBatch batch, int row)
    {
        for (int column = 0; column < batch.ColumnCount; column++)
            yield return new(batch.Schema.GetFieldByIndex(column).Name, Value(batch.Column(column), row));
    }

    private static object? Value(IArrowArray array, int at)
    {
        if (array.IsNull(at))
            return null;
        switch (array)
        {
            case StringArray texts:
                return Text(texts.ValueBuffer, texts.ValueOffsets[at], texts.ValueOffsets[at + 1]);
            case LargeStringArray texts:
                return Text(texts.ValueBuffer, texts.ValueOffsets[at], texts.ValueOffsets[at + 1]);
            case StringViewArray texts:
                return Encoding.UTF8.GetString(texts.GetBytes(at, out _));
            case BooleanArray flags:
                return flags.GetValue(at);
            case StructArray fields:
                return Fields(fields, at);
            case ListArray list:
                return Items(list.Values, list.ValueOffsets[at], list.ValueOffsets[at + 1]);
            case LargeListArray list:
                return Items(list.Values, list.ValueOffsets[at], list.ValueOffsets[at + 1]);
            case FixedSizeListArray list:
                int size = ((FixedSizeListType)list.Data.DataType).ListSize;
                return Items(list.Values, (long)at * size, (at + 1L) * size);
            case DictionaryArray coded:
                return Value(coded.Dictionary, Convert.ToInt32(Value(coded.Indices, at), null));
            case Int8Array numbers:
                return numbers.GetValue(at);
            case Int16Array numbers:
                return numbers.GetValue(at);
            case Int32Array numbers:
                return numbers.GetValue(at);
            case Int64Array numbers:
                return numbers.GetValue(at);
            case UInt8Array numbers:
                return numbers.GetValue(at);
            case UInt16Array numbers:
                return numbers.GetValue(at);
            case UInt32Array numbers:
                return numbers.GetValue(at);
            case UInt64Array numbers:
                return numbers.GetValue(at);
            case FloatArray numbers:
                return numbers.GetValue(at);
            case DoubleArray numbers:
                return numbers.GetValue(at);
            default:
                // Such columns, of dates or of bytes, are no part of any form of data.
                return null;
        }
    }

    // The library's own GetString does not check that a damaged file's offsets lie within the buffer.
    private static string Text(ArrowBuffer bytes, long first, long end) =>
        Encoding.UTF8.GetString(bytes.Span[checked((int)first)..checked((int)end)]);

    private static List<KeyValuePair<string, object?>> Fields(StructArray array, int at)
    {
        var type = (StructType)array.Data.DataType;
        return [.. array.Fields.Select((field, k) => KeyValuePair.Create(type.Fields[k].Name, Value(field, at)))];
    }

    private static List<object?> Items(IArrowArray values, long first, long end)
    {
        if (first < 0 || first > end || end > values.Length)
            throw new InvalidDataException($"a list has the items {first} to {end} of {values.Length}");
        var items = new List<object?>((int)(end - first));
        for (int at = (int)first; at < end; at++)
            items.Add(Value(values, at));
        return items;
    }

    // A damaged file shows in the library as any of many exceptions.
    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (OutOfMemoryException or DemException))
        {
            throw DataFiles.Damaged(path, $"not an Arrow file that can be read: {e.Message}", e);
        }
    }
}
