namespace DemEngine.Analysis;

/// <summary>Makes short names for models: as much of the end of each path as it takes to tell them apart.</summary>
internal static class ModelLabels
{
    /// <summary>Returns the label of each model.</summary>
    /// <param name="paths">Paths of the models, as the user gave them.</param>
    public static string[] Of(IReadOnlyList<string> paths)
    {
        string[][] parts =
        [
            .. paths.Select(path =>
                Path.GetFullPath(path).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries)),
        ];
        int longest = parts.Max(path => path.Length);
        string[] labels = [];
        for (int length = 1; length <= longest; length++)
        {
            labels = [.. parts.Select(path => string.Join('/', path[Math.Max(0, path.Length - length)..]))];
            if (labels.Distinct(StringComparer.Ordinal).Count() == labels.Length)
                return labels;
        }

        // Some model is given twice.
        return [.. labels.Select((label, k) => $"{label} ({k + 1})")];
    }
}
