using System.Collections;
using Parquet.Meta;
using Parquet.Schema;

namespace DemEngine.Evaluation.Records;

/// <summary>
/// Compares rows with what a file says of its columns: each has as many levels as elements, and one for each list that is empty
/// or null (https://parquet.apache.org/docs/file-format/nestedencoding). The library leaves out nulls that are elements of lists,
/// so that the elements after them would move up without a word.
/// </summary>
internal static class ParquetLevels
{
    /// <summary>Finds a column some of whose elements are not in the rows.</summary>
    /// <param name="fields">Fields of the schema.</param>
    /// <param name="rows">Rows of a group.</param>
    /// <param name="group">What the file says of the group.</param>
    /// <returns>The column's path; null if there is none.</returns>
    public static string? FindLost(
        IReadOnlyList<Field> fields, IEnumerable<IReadOnlyDictionary<string, object>> rows, RowGroup group)
    {
        var levels = new long[fields.Sum(Columns)];
        foreach (IReadOnlyDictionary<string, object> row in rows)
            Count(fields, row, levels);
        for (int k = 0; k < Math.Min(levels.Length, group.Columns.Count); k++)
        {
            if (group.Columns[k].MetaData is { } column && levels[k] < column.NumValues)
                return string.Join('.', column.PathInSchema);
        }

        return null;
    }

    private static void Count(IReadOnlyList<Field> fields, IReadOnlyDictionary<string, object>? row, Span<long> levels)
    {
        foreach (Field field in fields)
        {
            int columns = Columns(field);
            Count(field, row?.GetValueOrDefault(field.Name), levels[..columns]);
            levels = levels[columns..];
        }
    }

    private static void Count(Field field, object? value, Span<long> levels)
    {
        switch (field)
        {
            case StructField group:
                Count(group.Fields, value as IReadOnlyDictionary<string, object>, levels);
                return;
            case ListField list when Elements(value) is { } elements:
                foreach (object? element in elements)
                    Count(list.Item, element, levels);
                return;
            case MapField when Elements(value) is { } pairs:
                Add(levels, pairs.Length);
                return;
            case DataField { IsArray: true } when Elements(value) is { } elements:
                Add(levels, elements.Length);
                return;
            default:
                Add(levels, 1);
                return;
        }
    }

    private static void Add(Span<long> levels, int count)
    {
        foreach (ref long level in levels)
            level += count;
    }

    /// <summary>The elements of a list; null where it is null or has none, which takes one level either way.</summary>
    private static object?[]? Elements(object? list) =>
        list is IEnumerable elements and not string && elements.Cast<object?>().ToArray() is { Length: > 0 } all ? all : null;

    private static int Columns(Field field) => field switch
    {
        StructField group => group.Fields.Sum(Columns),
        ListField list => Columns(list.Item),
        MapField map => Columns(map.Key) + Columns(map.Value),
        _ => 1,
    };
}
