using DemEngine.Errors;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>A named data set that is to be read.</summary>
/// <param name="Name">Name of the data set, shown in results.</param>
/// <param name="Path">Path of the file, see <see cref="DataSetReader"/>.</param>
public sealed record DataFile(string Name, string Path)
{
    /// <summary>Parses <c>NAME=FILE</c>; a file without a name is named after itself, without its extension.</summary>
    public static DataFile Parse(string text) =>
        text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } path] && !name.Contains('/')
            ? new DataFile(name, path)
            : new DataFile(System.IO.Path.GetFileNameWithoutExtension(text), text);

    /// <summary>Parses several data files and checks that their names differ.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): two data files have the same name.</exception>
    public static DataFile[] ParseAll(IEnumerable<string> texts)
    {
        DataFile[] files = [.. texts.Select(Parse)];
        if (files.GroupBy(file => file.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new DemException(
                ErrorCode.BadArgument, $"two data sets are named {Quoted.Name(twice.Key)}; name them apart as NAME=FILE");
        return files;
    }
}
