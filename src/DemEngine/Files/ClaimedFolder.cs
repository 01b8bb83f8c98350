namespace DemEngine.Files;

/// <summary>
/// A folder in which files come and go while a command works in it. A file in it says whose it is, so that what is in no such folder is never
/// touched, and is held open, so that no other process works there.
/// </summary>
internal sealed class ClaimedFolder : IDisposable
{
    private readonly FileStream _mark;

    private ClaimedFolder(string path, FileStream mark)
    {
        Path = path;
        _mark = mark;
    }

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>Makes the folder, or takes over one that an earlier run of the same command made.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="mark">Name of the file that says whose it is.</param>
    /// <param name="text">What stands in it, for whoever wonders.</param>
    /// <exception cref="DemException">DEM1003: it is another's. DEM1008: another process works there. DEM4001, DEM4002.</exception>
    public static ClaimedFolder Claim(string path, string mark, string text)
    {
        path = System.IO.Path.GetFullPath(path);
        string file = System.IO.Path.Combine(path, mark);
        try
        {
            if (File.Exists(path))
                throw new DemException(ErrorCode.OutputNotOurs, $"{path}: this is a file");
            if (Directory.Exists(path) && !File.Exists(file) && Directory.EnumerateFileSystemEntries(path).Any())
                throw new DemException(ErrorCode.OutputNotOurs, $"{path}: the folder holds something else, and no {mark}");
            Directory.CreateDirectory(path);
            var claimed = new ClaimedFolder(path, Open(path, file));
            claimed._mark.SetLength(0);
            claimed._mark.Write(System.Text.Encoding.UTF8.GetBytes(text));
            claimed._mark.Flush();
            return claimed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, path);
        }
    }

    /// <summary>Lets others work there.</summary>
    public void Dispose() => _mark.Dispose();

    private static FileStream Open(string path, string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException e) when (File.Exists(file))
        {
            throw new DemException(ErrorCode.OutputBusy, $"{path}: another process works there", e);
        }
    }
}
