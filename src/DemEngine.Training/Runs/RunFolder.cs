using DemEngine.Files;

namespace DemEngine.Training.Runs;

/// <summary>
/// The folder beside the output in which a run keeps what it goes on from: what is being done (<c>run.json</c>), the state, the log. It
/// goes when the output stands.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string LockName = ".dem-lock";
    private const string IdentityName = "run.json";

    private readonly FileStream _lock;

    private RunFolder(string path, FileStream lockFile)
    {
        Path = path;
        _lock = lockFile;
    }

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>The file of the state.</summary>
    public string State => System.IO.Path.Combine(Path, StateFile.Name);

    /// <summary>The file of the log.</summary>
    public string Log => System.IO.Path.Combine(Path, TrainLog.Name);

    /// <summary>Makes the folder, or takes over that of the same run, and holds it against other processes.</summary>
    /// <param name="output">The output's folder.</param>
    /// <param name="identity">All that the result depends on, as text.</param>
    /// <param name="restart">Whether to discard what is there.</param>
    /// <exception cref="DemException">DEM1007: it is another run's. DEM1008, DEM4001, DEM4002.</exception>
    public static RunFolder Open(string output, string identity, bool restart)
    {
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(output));
        string path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(full)!, $".{System.IO.Path.GetFileName(full)}.dem-training");
        FileStream? lockFile = null;
        try
        {
            Directory.CreateDirectory(path);
            lockFile = Lock(path);
            var folder = new RunFolder(path, lockFile);
            folder.Claim(identity, restart);
            return folder;
        }
        catch (Exception e)
        {
            lockFile?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw WriteError.From(e, path);
            throw;
        }
    }

    /// <summary>Deletes the folder.</summary>
    public void Delete()
    {
        _lock.Dispose();
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, Path);
        }
    }

    public void Dispose() => _lock.Dispose();

    private void Claim(string identity, bool restart)
    {
        string file = System.IO.Path.Combine(Path, IdentityName);
        if (restart)
        {
            File.Delete(file); // First, so that an interruption here leaves no run.
            File.Delete(State);
            File.Delete(Log);
        }

        if (!File.Exists(file))
        {
            // A state without a run would be one of another's.
            File.Delete(State);
            File.WriteAllText($"{file}.partial", identity);
            File.Move($"{file}.partial", file, overwrite: true);
        }
        else if (File.ReadAllText(file) != identity)
        {
            throw new DemException(ErrorCode.ResumeMismatch, $"{file}: another run for the same output was interrupted");
        }
    }

    private static FileStream Lock(string path)
    {
        string file = System.IO.Path.Combine(path, LockName);
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException e) when (File.Exists(file))
        {
            throw new DemException(ErrorCode.OutputBusy, $"{path}: another process holds it", e);
        }
    }
}
