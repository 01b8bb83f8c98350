namespace DemEngine.Files;

/// <summary>How many files the process may have open, and whether that is enough for what it is about to do.</summary>
internal static class OpenFileLimit
{
    // The runtime opens files by itself, such as the assemblies that it loads later, and so do the small files of an output.
    private const int Spare = 24;

    // It has a plain file for each open one, and not a link, of which a listing asks where it leads.
    private const string OpenNow = "/proc/self/fdinfo";

    /// <summary>Checks that files can be opened.</summary>
    /// <param name="files">Number of files that will be open at a time, beyond those that are open now.</param>
    /// <param name="what">What the files are, for the error.</param>
    /// <returns>Number of files that can be opened beyond these; a large number where there is no limit.</returns>
    /// <exception cref="DemException">
    /// DEM4013 (TooManyOpenFiles): the limit is lower; the message says how many are needed.
    /// </exception>
    public static int Require(int files, string what)
    {
        if (LinuxFile.MostOpenFiles() is not { } most)
            return int.MaxValue;
        long needed = (long)Used() + files + Spare;
        return needed <= most
            ? (int)Math.Min(most - needed, int.MaxValue)
            : throw new DemException(
                ErrorCode.TooManyOpenFiles,
                $"{what}: the process may have {most} files open, and needs {needed}",
                remedy: $"Raise the limit to at least {needed}, as with `ulimit -n {needed}`, and run again.");
    }

    private static int Used()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(OpenNow).Count();
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            return 0; // No file is left for the question itself, or the system does not answer it.
        }
    }
}
