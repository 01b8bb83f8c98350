namespace DemEngine.Analysis;

/// <summary>Makes short names for models: as much of the end of each path as it takes to tell them apart.</summary>
internal static class ModelLabels
{
    /// <summary>
    /// Returns the label of each model. Each path is shortened by itself, so that one pair of equal names does not lengthen all
    /// others, and a model that is given several times has its number among them.
    /// </summary>
    /// <param name="paths">Paths of the models, as the user gave them.</param>
    public static string[] Of(IReadOnlyList<string> paths)
    {
        string[][] parts =
        [
            .. paths.Select(path =>
                Path.GetFullPath(path).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries)),
        ];
        string[] whole = [.. parts.Select(path => string.Join('/', path))];
        string[][] different = [.. parts.DistinctBy(path => string.Join('/', path))];
        return
        [
            .. parts.Select((path, k) =>
            {
                int times = whole.Count(other => other == whole[k]);
                string label = Shortest(path, different);
                return times == 1 ? label : $"{label} ({whole.Take(k + 1).Count(other => other == whole[k])})";
            }),
        ];
    }

    private static string Shortest(string[] path, string[][] all)
    {
        for (int length = 1; length < path.Length; length++)
        {
            if (all.Count(other => other.AsSpan().EndsWith(path.AsSpan(path.Length - length))) == 1)
                return string.Join('/', path[^length..]);
        }

        return Path.DirectorySeparatorChar == '/' ? $"/{string.Join('/', path)}" : string.Join('/', path);
    }
}
