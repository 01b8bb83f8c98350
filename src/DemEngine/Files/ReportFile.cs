using System.Text;

namespace DemEngine.Files;

/// <summary>Writes report files, each completely or not at all.</summary>
internal static class ReportFile
{
    /// <summary>Rejects a path that cannot be written, before long work is done for it.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the path is a folder, or its folder does not exist.</exception>
    public static void Check(string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw new DemException(ErrorCode.BadArgument, $"{path}: this is a folder") { Path = path };
        if (!Directory.Exists(Path.GetDirectoryName(full)))
            throw new DemException(ErrorCode.BadArgument, $"{path}: there is no such folder") { Path = path };
    }

    /// <summary>Writes UTF-8 text to a temporary file beside the target and renames it to the target.</summary>
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012 (FileTooLarge), DEM4013 (TooManyOpenFiles): the file cannot be written.
    /// </exception>
    public static void Write(string path, string text) =>
        OutputFile.Replace(path, file => file.Write(Encoding.UTF8.GetBytes(text), 0));
}
