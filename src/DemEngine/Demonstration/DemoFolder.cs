using DemEngine.Checkpoints;

namespace DemEngine.Demonstration;

/// <summary>The folder of a demonstration, known by a file in it: what is in no such folder is never touched.</summary>
internal static class DemoFolder
{
    private const string Mark = ".dem-demo";

    /// <summary>Makes the folder, or takes over one that a demonstration made.</summary>
    /// <exception cref="DemException">DEM1003: it is another's. DEM4002.</exception>
    public static void Claim(string folder)
    {
        try
        {
            if (File.Exists(folder))
                throw new DemException(ErrorCode.OutputNotOurs, $"{folder}: this is a file");
            string mark = Path.Combine(folder, Mark);
            if (Directory.Exists(folder) && !File.Exists(mark) && Directory.EnumerateFileSystemEntries(folder).Any())
                throw new DemException(ErrorCode.OutputNotOurs, $"{folder}: the folder holds something else than a demonstration");
            Directory.CreateDirectory(folder);
            Write(mark, "`dem demo` made this folder and replaces what is in it. It can be deleted at any time.\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, folder);
        }
    }

    /// <summary>Writes a text file.</summary>
    /// <exception cref="DemException">DEM4001, DEM4002.</exception>
    public static void Write(string path, string text)
    {
        try
        {
            File.WriteAllText(path, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, path);
        }
    }
}
