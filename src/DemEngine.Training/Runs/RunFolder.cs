using System.Text;
using DemEngine.Files;

namespace DemEngine.Training.Runs;

/// <summary>
/// The folder beside the output in which a run keeps what it needs to continue: its identity (<c>run.json</c>), the state and the
/// log. It is deleted once the output is complete.
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

    /// <summary>Full path of the folder.</summary>
    public string Path { get; }

    /// <summary>Path of the state file.</summary>
    public string State => System.IO.Path.Combine(Path, StateFile.Name);

    /// <summary>Path of the log.</summary>
    public string Log => System.IO.Path.Combine(Path, TrainLog.Name);

    /// <summary>Creates the folder, or takes over that of the same run, and locks it against other processes.</summary>
    /// <param name="output">Path of the output folder.</param>
    /// <param name="identity">All that the result depends on, as text.</param>
    /// <param name="restart">True to discard what is in the folder.</param>
    /// <exception cref="DemException">
    /// DEM1007 (ResumeMismatch): the folder belongs to another run. DEM1008 (OutputBusy), DEM4001 (DiskFull), DEM4002
    /// (WriteFailed).
    /// </exception>
    public static RunFolder Open(string output, string identity, bool restart)
    {
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(output));
        string path = System.IO.Path.Combine(
            System.IO.Path.GetDirectoryName(full)!, $".{System.IO.Path.GetFileName(full)}.dem-training");
        FileStream? lockFile = null;
        try
        {
            DurableFolder.Create(path);
            lockFile = Lock(path);
            var folder = new RunFolder(path, lockFile);
            folder.Claim(identity, restart);
            return folder;
        }
        catch (Exception e)
        {
            lockFile?.Dispose();
            if (WriteError.Covers(e))
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
        catch (Exception e) when (WriteError.Covers(e))
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
            File.Delete(file); // The identity goes first, so that an interruption here leaves no run to continue.
            File.Delete(State);
            File.Delete(Log);
        }

        if (!File.Exists(file))
        {
            // A state without an identity would be taken for one of this run.
            File.Delete(State);
            OutputFile.Replace(file, written => written.Write(Encoding.UTF8.GetBytes(identity), 0));
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
        catch (IOException e) when (SystemError.IsHeldByAnother(e))
        {
            throw new DemException(ErrorCode.OutputBusy, $"{path}: another process holds it", e);
        }
    }
}
