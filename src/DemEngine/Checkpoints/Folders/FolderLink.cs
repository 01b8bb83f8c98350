namespace DemEngine.Checkpoints.Folders;

/// <summary>
/// Decides which linked subfolders of a model are read. A link that leads elsewhere would bring in files that are not the
/// model's; only Hugging Face's cache lays a model out over several folders.
/// </summary>
internal static class FolderLink
{
    private const string Snapshots = "snapshots";

    /// <summary>Whether a subfolder is read.</summary>
    /// <param name="folder">The subfolder.</param>
    /// <param name="root">Full path of the model's folder.</param>
    /// <exception cref="IOException">The link cannot be resolved.</exception>
    public static bool IsFollowed(DirectoryInfo folder, string root)
    {
        if (folder.LinkTarget is null)
            return true;
        if (folder.ResolveLinkTarget(returnFinalTarget: true) is not { } target)
            return false;

        // A link to a folder above itself would be read without end.
        return IsWithin(target.FullName, BoundsOf(root)) && !IsWithin(folder.FullName, target.FullName);
    }

    private static string BoundsOf(string root) =>
        Path.GetDirectoryName(root) is { } parent && Path.GetFileName(parent) == Snapshots
            ? Path.GetDirectoryName(parent)!
            : root;

    private static bool IsWithin(string path, string folder) =>
        path == folder
        || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
