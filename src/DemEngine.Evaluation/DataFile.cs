using DemEngine.Errors;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>A data set to be read, under a name.</summary>
/// <param name="Name">Shown in results.</param>
/// <param name="Path">A file of JSON Lines, see <see cref="DataSetReader"/>.</param>
public sealed record DataFile(string Name, string Path)
{
    /// <summary>Reads <c>NAME=FILE</c>; a file alone is named after itself.</summary>
    public static DataFile Parse(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } path] && !name.Contains('/')
        ? new DataFile(name, path)
        : new DataFile(System.IO.Path.GetFileNameWithoutExtension(text), text);

    /// <summary>Reads several.</summary>
    /// <exception cref="DemException">DEM1001: two have one name.</exception>
    public static DataFile[] ParseAll(IEnumerable<string> texts)
    {
        DataFile[] files = [.. texts.Select(Parse)];
        if (files.GroupBy(file => file.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new DemException(ErrorCode.BadArgument, $"two data sets are named {Quoted.Name(twice.Key)}; name them apart as NAME=FILE");
        return files;
    }
}
