namespace DemEngine.Stores;

/// <summary>Makes folders of a process alone in the system's folder for temporary files.</summary>
internal static class TemporaryFolder
{
    /// <summary>Makes a folder that nobody else can have made before, and no other user can read.</summary>
    /// <param name="prefix">Beginning of its name.</param>
    /// <exception cref="DemException">DEM4002 (WriteFailed): none can be made.</exception>
    public static DirectoryInfo Create(string prefix)
    {
        try
        {
            return Directory.CreateTempSubdirectory(prefix);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string place = Path.GetTempPath();
            string why = Directory.Exists(place) ? e.Message : "there is no such folder";
            throw new DemException(
                ErrorCode.WriteFailed,
                $"{place}: no folder for temporary files can be made there: {why}",
                e,
                $"Let {Variable} name a folder that is there, has room, and can be written to.")
            {
                Path = place,
            };
        }
    }

    private static string Variable => OperatingSystem.IsWindows() ? "TMP" : "TMPDIR";
}
