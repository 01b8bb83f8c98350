namespace DemEngine.Files;

/// <summary>
/// Folder that a command has claimed for its own working files. A mark file in it says whose it is, so that a folder without one
/// is never touched. The mark is kept open, so that no other process works there.
/// </summary>
internal sealed class ClaimedFolder : IDisposable
{
    private readonly FileStream _mark;

    private ClaimedFolder(string path, FileStream mark)
    {
        Path = path;
        _mark = mark;
    }

    /// <summary>Full path of the folder.</summary>
    public string Path { get; }

    /// <summary>Creates the folder, or takes over one that an earlier run of the same command created.</summary>
    /// <param name="path">Path of the folder.</param>
    /// <param name="mark">Name of the mark file, which says whose the folder is.</param>
    /// <param name="text">Contents of the mark file, for people who find it.</param>
    /// <exception cref="DemException">
    /// DEM1003 (OutputNotOurs): the folder was not made by this command, or is a file. DEM1008 (OutputBusy): another process
    /// works there. DEM4001 (DiskFull), DEM4002 (WriteFailed): the folder cannot be written.
    /// </exception>
    public static ClaimedFolder Claim(string path, string mark, string text)
    {
        path = System.IO.Path.GetFullPath(path);
        string file = System.IO.Path.Combine(path, mark);
        try
        {
            if (File.Exists(path))
                throw new DemException(ErrorCode.OutputNotOurs, $"{path}: this is a file") { Path = path };
            if (Directory.Exists(path) && !File.Exists(file) && Directory.EnumerateFileSystemEntries(path).Any())
                throw new DemException(ErrorCode.OutputNotOurs, $"{path}: the folder holds something else, and no {mark}")
                {
                    Path = path,
                };
            DurableFolder.Create(path);
            var claimed = new ClaimedFolder(path, Open(path, file));
            claimed._mark.SetLength(0);
            claimed._mark.Write(System.Text.Encoding.UTF8.GetBytes(text));
            claimed._mark.Flush();
            return claimed;
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, path);
        }
    }

    /// <summary>Releases the folder, so that other processes can claim it.</summary>
    public void Dispose() => _mark.Dispose();

    private static FileStream Open(string path, string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (SystemError.IsHeldByAnother(e))
        {
            throw new DemException(ErrorCode.OutputBusy, $"{path}: another process works there", e) { Path = path };
        }
    }
}
