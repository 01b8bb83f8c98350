namespace DemEngine.Files;

/// <summary>The current directory, which others may have deleted.</summary>
internal static class WorkingFolder
{
    /// <summary>Whether the current directory does not exist any more.</summary>
    public static bool IsGone
    {
        get
        {
            try
            {
                return !Directory.Exists(Directory.GetCurrentDirectory());
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return true;
            }
        }
    }

    /// <summary>Returns the full path of a path that may lead from the current directory.</summary>
    /// <param name="path">Path to complete.</param>
    /// <exception cref="DemException">
    /// DEM4014 (NoWorkingFolder): the current directory does not exist any more. DEM1001 (BadArgument): the path has a NUL.
    /// </exception>
    public static string FullPath(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new DemException(ErrorCode.BadArgument, $"{path}: a path cannot hold a NUL character") { Path = path };
        try
        {
            return Path.GetFullPath(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.NoWorkingFolder, $"{path}: the path leads from a folder that is no more", e);
        }
    }
}
