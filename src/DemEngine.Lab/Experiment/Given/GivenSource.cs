using DemEngine.Errors;

namespace DemEngine.Lab.Experiment.Given;

/// <summary>A data source that lies in a folder of the user's.</summary>
/// <param name="Name">Name of the source: that of its folder.</param>
/// <param name="Train">Path of the data that models are trained on.</param>
/// <param name="Validation">Path of the data on which everything is chosen.</param>
/// <param name="Test">Path of the data on which models are judged.</param>
public sealed record GivenSource(string Name, string Train, string Validation, string Test)
{
    private static readonly string[] Kinds = [".jsonl", ".json", ".parquet", ".arrow", ".feather"];

    /// <summary>Finds the data files of a source.</summary>
    /// <param name="folder">
    /// Folder with files <c>train</c>, <c>valid</c> and <c>test</c>, each <c>.jsonl</c>, <c>.json</c>, <c>.parquet</c>,
    /// <c>.arrow</c> or <c>.feather</c>.
    /// </param>
    /// <exception cref="DemException">DEM3050 (IncompleteSource): a file is not there, or there are several.</exception>
    public static GivenSource Open(string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string Find(string name)
        {
            string[] found = [.. Kinds.Select(kind => Path.Combine(full, name + kind)).Where(File.Exists)];
            if (found is [string one])
                return one;
            string what = found.Length == 0
                ? $"there is no {Quoted.Name(name)} as {string.Join(", ", Kinds)}"
                : $"there are several files {Quoted.Name(name)}";
            throw new DemException(ErrorCode.IncompleteSource, $"{full}: {what}") { Path = full };
        }

        return new GivenSource(Path.GetFileName(full), Find("train"), Find("valid"), Find("test"));
    }
}
