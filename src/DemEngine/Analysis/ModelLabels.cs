namespace DemEngine.Analysis;

/// <summary>Short names for models: as much of the end of each path as it takes to tell them apart.</summary>
internal static class ModelLabels
{
    /// <summary>Names them.</summary>
    /// <param name="paths">As they were given.</param>
    public static string[] Of(IReadOnlyList<string> paths)
    {
        string[][] parts = [.. paths.Select(path => Path.GetFullPath(path).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))];
        int longest = parts.Max(path => path.Length);
        string[] labels = [];
        for (int length = 1; length <= longest; length++)
        {
            labels = [.. parts.Select(path => string.Join('/', path[Math.Max(0, path.Length - length)..]))];
            if (labels.Distinct(StringComparer.Ordinal).Count() == labels.Length)
                return labels;
        }

        // One model given twice.
        return [.. labels.Select((label, k) => $"{label} ({k + 1})")];
    }
}
