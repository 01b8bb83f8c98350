using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Options;

namespace DemEngine.Merging.Output;

/// <summary>
/// The folder beside the output in which a run writes, so that nothing stands under the output's name until all of it is complete and on
/// disk. An existing output survives until it is exchanged for the new one in one step.
/// </summary>
internal sealed class StagingDirectory : IDisposable
{
    private const string LockFileName = ".dem-lock";

    private readonly FileStream _lock;
    private readonly bool _overwrite;

    private StagingDirectory(string output, string path, FileStream lockFile, bool overwrite)
    {
        Output = output;
        Path = path;
        _lock = lockFile;
        _overwrite = overwrite;
    }

    /// <summary>The output's full path.</summary>
    public string Output { get; }

    /// <summary>The folder to write in.</summary>
    public string Path { get; }

    /// <summary>Where the unfinished run of an output lies.</summary>
    public static string PathFor(string output)
    {
        string full = Normalize(output);
        return System.IO.Path.Combine(System.IO.Path.GetDirectoryName(full)!, $".{System.IO.Path.GetFileName(full)}.dem-unfinished");
    }

    /// <summary>Checks whether a run may write to an output, and changes nothing.</summary>
    /// <param name="output">The folder to be made.</param>
    /// <param name="inputs">Folders and files that are read.</param>
    /// <param name="options">What may be overwritten, resumed or discarded.</param>
    /// <exception cref="DemException">DEM1001 to DEM1006.</exception>
    public static void Check(string output, IEnumerable<string> inputs, RunOptions options)
    {
        string full = Normalize(output);
        if (System.IO.Path.GetDirectoryName(full) is null)
            throw new DemException(ErrorCode.BadArgument, $"{output}: the root of a disk cannot be an output");

        foreach (string input in inputs)
        {
            string other = Normalize(input);
            if (IsWithin(full, other) || IsWithin(other, full))
                throw new DemException(ErrorCode.OutputOverlapsInput, $"{output}: the input {input}");
        }

        CheckReplaceable(full, options.Overwrite);
        bool isUnfinished = Directory.Exists(PathFor(output));
        if (isUnfinished && options.Unfinished == UnfinishedRun.Refuse)
        {
            // While somebody still works on it, advice on how to go on with it would be wrong.
            Lock(PathFor(output), FileMode.Open)?.Dispose();
            throw new DemException(ErrorCode.UnfinishedRun, $"{PathFor(output)}: left by a run that did not finish");
        }

        if (!isUnfinished && options.Unfinished == UnfinishedRun.Resume)
            throw new DemException(ErrorCode.NothingToResume, $"{PathFor(output)}: there is no such folder");
    }

    /// <summary>Makes the folder, or takes over the one that is there, and holds it against other processes.</summary>
    /// <exception cref="DemException">DEM1008, DEM4002.</exception>
    public static StagingDirectory Open(string output, RunOptions options)
    {
        string path = PathFor(output);
        FileStream? lockFile = null;
        try
        {
            Directory.CreateDirectory(path);
            lockFile = Lock(path, FileMode.OpenOrCreate)!;
            var folder = new StagingDirectory(Normalize(output), path, lockFile, options.Overwrite);
            if (options.Unfinished == UnfinishedRun.Restart)
                folder.KeepOnly([]);
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

    /// <summary>
    /// Deletes whatever else lies in the folder: a process that died between the exchange of an old output and its deletion left the
    /// old one here, and none of it may be published again.
    /// </summary>
    /// <param name="files">Names of the files that belong to the run.</param>
    /// <exception cref="DemException">DEM4002.</exception>
    public void KeepOnly(IEnumerable<string> files)
    {
        var kept = files.Append(LockFileName).ToHashSet(StringComparer.Ordinal);
        try
        {
            foreach (FileSystemInfo entry in new DirectoryInfo(Path).EnumerateFileSystemInfos().Where(entry => !kept.Contains(entry.Name)).ToArray())
            {
                if (entry is DirectoryInfo { LinkTarget: null } folder)
                    folder.Delete(recursive: true);
                else
                    entry.Delete();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, Path);
        }
    }

    /// <summary>Puts the finished folder in the output's place.</summary>
    /// <param name="files">What belongs in it. Not the journal, nor what an earlier attempt or an exchanged output left.</param>
    /// <exception cref="DemException">DEM1002 or DEM1003: something took the output's name meanwhile; DEM4002.</exception>
    public void Publish(IEnumerable<string> files)
    {
        try
        {
            CheckReplaceable(Output, _overwrite);
            KeepOnly(files);
            _lock.Dispose();
            File.Delete(System.IO.Path.Combine(Path, LockFileName));
            LinuxFile.SyncFolder(Path);
            string parent = System.IO.Path.GetDirectoryName(Output)!;
            if (!Directory.Exists(Output))
            {
                Directory.Move(Path, Output);
                LinuxFile.SyncFolder(parent);
                return;
            }

            // Exchanged, the old output has the staging folder's name; if the process dies before it is deleted, it is whole there.
            string old = Path;
            if (!LinuxFile.TryExchange(Path, Output))
            {
                old = $"{Path}.old";
                Directory.Move(Output, old);
                Directory.Move(Path, Output);
            }

            LinuxFile.SyncFolder(parent);
            Directory.Delete(old, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, Output);
        }
    }

    public void Dispose() => _lock.Dispose();

    private static void CheckReplaceable(string output, bool overwrite)
    {
        if (File.Exists(output))
            throw new DemException(ErrorCode.OutputNotOurs, $"{output}: this is a file");
        if (!Directory.Exists(output))
            return;
        if (!overwrite)
            throw new DemException(ErrorCode.OutputExists, $"{output}: the folder is there already");
        bool isOurs = File.Exists(System.IO.Path.Combine(output, Manifest.FileName));
        if (!isOurs && Directory.EnumerateFileSystemEntries(output).Any())
            throw new DemException(ErrorCode.OutputNotOurs, $"{output}: the folder has no {Manifest.FileName}");
    }

    /// <returns>Null if there is no lock file and none is to be made.</returns>
    private static FileStream? Lock(string path, FileMode mode)
    {
        string file = System.IO.Path.Combine(path, LockFileName);
        try
        {
            return new FileStream(file, mode, FileAccess.Write, FileShare.None);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException e) when (File.Exists(file))
        {
            throw new DemException(ErrorCode.OutputBusy, $"{path}: another process holds it", e);
        }
    }

    private static string Normalize(string path) => ResolveLinks(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path)));

    /// <summary>Follows links, so that a folder or file is recognised under any name.</summary>
    private static string ResolveLinks(string path)
    {
        for (string? part = path; part is not null; part = System.IO.Path.GetDirectoryName(part))
        {
            if (new FileInfo(part).LinkTarget is not null && File.ResolveLinkTarget(part, returnFinalTarget: true) is { } target)
                return ResolveLinks(target.FullName + path[part.Length..]);
        }

        return path;
    }

    private static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(folder + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
