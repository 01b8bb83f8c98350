namespace DemEngine.Files;

/// <summary>
/// Folders whose names are on disk once they are made. A file that is on disk is lost with its folder if the power goes before
/// the folder's own name is there.
/// </summary>
internal static class DurableFolder
{
    /// <summary>Creates a folder with those above it that are missing, and waits until their names are on disk.</summary>
    /// <param name="path">Path of the folder, which may be there.</param>
    /// <exception cref="IOException">
    /// The folder cannot be created, or its name may not be on disk; then none that was created is left, as far as the system
    /// allows, so that another try waits again.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be created.</exception>
    public static void Create(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var missing = new List<string>();
        for (string? folder = full; folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder))
            missing.Add(folder);
        try
        {
            Directory.CreateDirectory(full);
            foreach (string folder in missing)
                LinuxFile.SyncFolder(Path.GetDirectoryName(folder)!);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            foreach (string folder in missing)
                TryDelete(folder);
            throw;
        }
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            // Another process may have files there already. The first error is the one to report.
        }
    }
}
