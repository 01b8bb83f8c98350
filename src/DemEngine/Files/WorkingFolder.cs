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
    /// <exception cref="DemException">DEM4014 (NoWorkingFolder): the current directory does not exist any more.</exception>
    public static string FullPath(string path)
    {
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
