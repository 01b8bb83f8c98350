using System.Collections;
using DemEngine.Errors;
using Parquet;
using Parquet.Meta;
using Parquet.Schema;

namespace DemEngine.Evaluation.Records;

/// <summary>The rows of a Parquet file (https://parquet.apache.org/docs/file-format), a row group at a time.</summary>
internal static class ParquetRows
{
    /// <summary>Enumerates the rows, with their numbers from 1.</summary>
    /// <exception cref="DemException">
    /// DEM2111 (DataNotFound): the file cannot be read. DEM2083 (BadDataFile): it is damaged, or has a column that is not read.
    /// </exception>
    public static IEnumerable<DataRow> Read(string path)
    {
        using FileStream opened = DataFiles.Open(path);
        var file = new WithinFile(opened);
        bool isSecond = Guarded(path, false, () => ParquetPages.Check(file, ParquetFooter.Check(file)));
        var (groups, schema) = Guarded(path, isSecond, () => Open(file));
        long number = 0;
        for (int group = 0; group < groups.Count; group++)
        {
            int taken = group;
            IList<Dictionary<string, object>> rows = Guarded(path, isSecond, () => ReadGroup(file, taken));
            if (ParquetLevels.FindLost(schema.Fields, rows, groups[group]) is { } column)
                throw DataFiles.Damaged(path, $"the lists of {Quoted.Name(column)} have nulls in them, which are not read");
            foreach (Dictionary<string, object> row in rows)
                yield return new DataRow($"{path}, row {++number}", RowJson.Of(Columns(schema.Fields, row)));
        }
    }

    private static (List<RowGroup> Groups, ParquetSchema Schema) Open(WithinFile file)
    {
        file.Position = 0;
        ParquetReader reader = ParquetReader.CreateAsync(file, leaveStreamOpen: true).GetAwaiter().GetResult();
        try
        {
            return (reader.Metadata!.RowGroups, reader.Schema);
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static IList<Dictionary<string, object>> ReadGroup(WithinFile file, int group)
    {
        file.Position = 0;
        return Parquet.Serialization.ParquetSerializer.DeserializeUntypedAsync(file, rowGroupIndex: group)
            .GetAwaiter().GetResult().Data;
    }

    // The library leaves out what is null, which a template may ask for.
    private static IEnumerable<KeyValuePair<string, object?>> Columns(
        IReadOnlyList<Field> fields, IReadOnlyDictionary<string, object> row) =>
        fields.Select(field => KeyValuePair.Create(field.Name, Value(field, row.GetValueOrDefault(field.Name))));

    private static object? Value(Field field, object? value) => (field, value) switch
    {
        (StructField group, IReadOnlyDictionary<string, object> row) => Columns(group.Fields, row),
        (ListField list, IEnumerable items and not string) => items.Cast<object?>().Select(item => Value(list.Item, item)),
        _ => value,
    };

    // A damaged file shows in the library as any of many exceptions, and so does one whose pages of the second version hold what
    // it has no code for: lists and truth values.
    private static T Guarded<T>(string path, bool isSecond, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (OutOfMemoryException or DemException))
        {
            if (isSecond)
                throw DataFiles.Damaged(
                    path,
                    $"it has data pages of Parquet's second version, of which lists and truth values are not read: {e.Message}",
                    e,
                    "Write it again with data pages of the first version (pyarrow's data_page_version=\"1.0\", its default), or "
                    + "as JSON Lines or Arrow.");
            throw DataFiles.Damaged(path, $"not a Parquet file that can be read: {e.Message}", e);
        }
    }
}
