using DemEngine.Errors;

namespace DemEngine.Checkpoints.Folders;

/// <summary>
/// Paths of side files in a model's folder. They have slashes on every system, and since they may come from files that strangers
/// wrote, they are checked before anything is read or written by them.
/// </summary>
internal static class SideFilePath
{
    private static readonly char[] Refused = ['\\', ':', '\0'];

    /// <summary>Whether a path stays in the folder on every system: relative, and without dots that lead upwards.</summary>
    public static bool IsInside(string path) =>
        path.Length > 0
        && path.IndexOfAny(Refused) < 0
        && path.Split('/').All(part => part.Length > 0 && part is not ("." or ".."));

    /// <summary>Refuses side files that would be written outside the output, or over its weights.</summary>
    /// <param name="paths">Paths of the side files.</param>
    /// <param name="taken">Names that the output needs itself.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a path cannot be used.</exception>
    public static void Check(IEnumerable<string> paths, IEnumerable<string> taken)
    {
        var files = taken.ToHashSet(StringComparer.Ordinal);
        foreach (string path in paths.Order(StringComparer.Ordinal))
        {
            if (!IsInside(path))
                throw Wrong(path, "is not a path inside the model's folder");
            string[] parts = path.Split('/');
            if (Enumerable.Range(1, parts.Length).Any(n => files.Contains(string.Join('/', parts[..n]))))
                throw Wrong(path, "has the name of another file of the output");
            files.Add(path);
        }
    }

    private static DemException Wrong(string path, string what) => new(
        ErrorCode.BadSideFile,
        $"the side file {Quoted.Name(path)} {what}",
        remedy: "Give side files names such as config.json, or with folders as in 1_Pooling/config.json.");
}
