namespace DemEngine.Files;

/// <summary>Makes folders of a process alone in the system's folder for temporary files.</summary>
internal static class TemporaryFolder
{
    /// <summary>Makes a folder that nobody else can have made before, and no other user can read.</summary>
    /// <param name="prefix">Beginning of its name.</param>
    /// <exception cref="DemException">
    /// DEM4002 (WriteFailed), or what else keeps a folder from being made: the system's own error may name no path.
    /// </exception>
    public static DirectoryInfo Create(string prefix)
    {
        try
        {
            return Directory.CreateTempSubdirectory(prefix);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            string place = Path.GetTempPath();
            if (!Directory.Exists(place))
                throw Refused($"{place}: there is no such folder, and temporary files go there", e, place);
            DemException error = WriteError.From(e, place);
            throw error.Code == ErrorCode.WriteFailed
                ? Refused($"{place}: no folder for temporary files can be made there: {e.Message}", e, place)
                : error;
        }
    }

    private static DemException Refused(string message, Exception e, string place) =>
        new(ErrorCode.WriteFailed, message, e, $"Let {Variable} name a folder that is there and can be written to.") { Path = place };

    private static string Variable => OperatingSystem.IsWindows() ? "TMP" : "TMPDIR";
}
