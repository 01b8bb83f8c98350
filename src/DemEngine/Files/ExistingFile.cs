namespace DemEngine.Files;

/// <summary>
/// Files that mean something by being there. <see cref="File.Exists"/> says no to whatever the system fails with, and a file that
/// is passed over gives another result without a word.
/// </summary>
internal static class ExistingFile
{
    /// <summary>Whether a file is there.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>False where there is none, or where the path leads to a folder.</returns>
    /// <exception cref="DemException">DEM2022 (UnreadableFile): the system does not say.</exception>
    public static bool IsThere(string path)
    {
        if (File.Exists(path))
            return true;
        try
        {
            // What is there is a folder, a link that leads nowhere, or the file after all, where the system failed only once.
            return !File.GetAttributes(path).HasFlag(FileAttributes.Directory) && File.Exists(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or PathTooLongException
            or ArgumentException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.UnreadableFile, $"{path}: {e.Message}", e) { Path = path };
        }
    }

    /// <summary>Makes the error DEM2022 (UnreadableFile) for a pipe, a socket or a device where a file is wanted.</summary>
    /// <param name="path">Path of what is no file.</param>
    public static DemException Special(string path) => new(
        ErrorCode.UnreadableFile,
        $"{path}: this is a pipe, a socket or a device, and no file",
        remedy: "Write what comes from there to a file, and give that file.")
    {
        Path = path,
    };
}
