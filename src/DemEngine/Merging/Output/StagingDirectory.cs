using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Options;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Merging.Output;

/// <summary>
/// The directory beside the output in which a run writes, so that nothing has the output's name until all of it is complete and
/// on disk. An existing output stays until the new one replaces it in one step.
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

    /// <summary>Full path of the output.</summary>
    public string Output { get; }

    /// <summary>Path of the directory to write in.</summary>
    public string Path { get; }

    /// <summary>Returns the path of the staging directory of an output.</summary>
    public static string PathFor(string output) => Beside(output, "dem-unfinished");

    /// <summary>Returns the path of a folder of this tool beside an output.</summary>
    /// <param name="output">Path of the output.</param>
    /// <param name="kind">What the folder is for, as the ending of its name.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): nothing can be beside the root of a disk.</exception>
    public static string Beside(string output, string kind)
    {
        string full = Normalize(output);
        return System.IO.Path.Combine(
            System.IO.Path.GetDirectoryName(full) ?? throw IsRoot(output), $".{System.IO.Path.GetFileName(full)}.{kind}");
    }

    /// <summary>Whether an output has a staging directory, which an unfinished run left or a running one has.</summary>
    public static bool IsThere(string output) =>
        System.IO.Path.GetDirectoryName(Normalize(output)) is not null && Directory.Exists(PathFor(output));

    /// <summary>Deletes what a run left that has published its output.</summary>
    /// <param name="output">Path of the output.</param>
    /// <exception cref="DemException">
    /// DEM1008 (OutputBusy): another process works there. DEM4002 (WriteFailed): it cannot be deleted.
    /// </exception>
    public static void Discard(string output)
    {
        if (!IsThere(output))
            return;
        string path = PathFor(output);
        try
        {
            using (HoldParent(path))
            using (Lock(path, FileMode.OpenOrCreate))
                Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, path);
        }
    }

    /// <summary>Checks whether a run may write to an output, and changes nothing.</summary>
    /// <param name="output">Path of the folder to create.</param>
    /// <param name="inputs">Folders and files that are read.</param>
    /// <param name="options">Run options; they say what may be overwritten, resumed or discarded.</param>
    /// <exception cref="DemException">
    /// DEM1001 to DEM1006 (BadArgument to NothingToResume), DEM1052 (AlreadyFinished): the run may not write there.
    /// </exception>
    public static void Check(string output, IEnumerable<string> inputs, RunOptions options)
    {
        string full = Normalize(output);
        if (System.IO.Path.GetDirectoryName(full) is null)
            throw IsRoot(output);
        CheckOverlap(output, inputs);
        bool isUnfinished = IsThere(output);

        // Whoever goes on with a run that has ended wants to hear that it has, not that a folder is in the way.
        if (!isUnfinished && !options.Overwrite && options.Unfinished == UnfinishedRun.Resume
            && File.Exists(System.IO.Path.Combine(full, Manifest.FileName)))
            throw new DemException(ErrorCode.AlreadyFinished, $"{output}: it is finished; no unfinished run lies beside it")
            {
                Path = output,
            };
        CheckReplaceable(full, options.Overwrite);
        if (isUnfinished && options.Unfinished == UnfinishedRun.Refuse)
        {
            // While another process still works on it, the advice on how to resume it would be wrong.
            Lock(PathFor(output), FileMode.Open)?.Dispose();
            throw new DemException(ErrorCode.UnfinishedRun, $"{PathFor(output)}: left by a run that did not finish");
        }

        if (!isUnfinished && options.Unfinished == UnfinishedRun.Resume)
            throw new DemException(ErrorCode.NothingToResume, $"{PathFor(output)}: there is no such folder");
    }

    /// <summary>Checks that an output is no input, lies in none and holds none.</summary>
    /// <param name="output">Path of the output.</param>
    /// <param name="inputs">Folders and files that are read.</param>
    /// <exception cref="DemException">DEM1004 (OutputOverlapsInput).</exception>
    public static void CheckOverlap(string output, IEnumerable<string> inputs)
    {
        string full = Normalize(output);
        foreach (string input in inputs)
        {
            string other = Normalize(input);
            string? how = full == other ? "is" : IsWithin(full, other) ? "lies in" : IsWithin(other, full) ? "holds" : null;
            if (how is not null)
                throw new DemException(ErrorCode.OutputOverlapsInput, $"{output}: it {how} the input {input}") { Path = output };
        }
    }

    /// <summary>Creates the staging directory, or takes over an existing one, and locks it against other processes.</summary>
    /// <exception cref="DemException">DEM1008 (OutputBusy), DEM4002 (WriteFailed).</exception>
    public static StagingDirectory Open(string output, RunOptions options)
    {
        string path = PathFor(output);
        FileStream? lockFile = null;
        try
        {
            DurableFolder.Create(System.IO.Path.GetDirectoryName(path)!);
            using (HoldParent(path))
            {
                Directory.CreateDirectory(path);
                lockFile = Lock(path, FileMode.OpenOrCreate)!;
            }

            var folder = new StagingDirectory(Normalize(output), path, lockFile, options.Overwrite);
            if (options.Unfinished == UnfinishedRun.Restart)
                folder.KeepOnly([]);
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

    /// <summary>
    /// Deletes every other file in the directory. A process that died between exchanging an old output and deleting it leaves the
    /// old one here, and none of that may be published again.
    /// </summary>
    /// <param name="files">Paths in the directory, with slashes, of the files that belong to the run.</param>
    /// <exception cref="DemException">DEM4002 (WriteFailed).</exception>
    public void KeepOnly(IEnumerable<string> files)
    {
        var kept = files.Append(LockFileName).ToHashSet(StringComparer.Ordinal);
        try
        {
            KeepOnly(kept, new DirectoryInfo(Path), "");
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Path);
        }
    }

    /// <summary>Moves the finished directory to the output's path.</summary>
    /// <param name="files">
    /// Paths in the directory, with slashes, of the files to publish; the journal and leftovers of an earlier attempt or an
    /// exchanged output are not among them.
    /// </param>
    /// <exception cref="DemException">
    /// DEM1002 (OutputExists) or DEM1003 (OutputNotOurs): the output's name was taken in the meantime. DEM4002 (WriteFailed).
    /// </exception>
    public void Publish(IEnumerable<string> files)
    {
        try
        {
            // The lock has to go before the names change, and after that the old output may have the staging directory's name.
            using SafeFileHandle? held = HoldParent(Path);
            CheckReplaceable(Output, _overwrite);
            KeepOnly(files);
            _lock.Dispose();
            File.Delete(System.IO.Path.Combine(Path, LockFileName));
            foreach (string folder in Directory.EnumerateDirectories(Path, "*", SearchOption.AllDirectories))
                SyncFolder(folder);
            SyncFolder(Path);
            if (Directory.Exists(Output))
                Replace();
            else
                Move();
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Output);
        }
    }

    /// <summary>Keeps other processes from taking over a staging directory, or an old output with its name.</summary>
    private static SafeFileHandle? HoldParent(string path) =>
        LinuxFile.HoldFolder(System.IO.Path.GetDirectoryName(path)!);

    private string Parent => System.IO.Path.GetDirectoryName(Output)!;

    private static DemException IsRoot(string output) =>
        new(ErrorCode.BadArgument, $"{output}: the root of a disk cannot be an output") { Path = output };

    private void Move()
    {
        Directory.Move(Path, Output);
        SyncParent(() => Directory.Move(Output, Path));
    }

    /// <summary>
    /// Takes the place of the old output. After the exchange the old output has the staging directory's name: if the process dies
    /// before it is deleted, it is intact there.
    /// </summary>
    private void Replace()
    {
        string old = Path;
        if (LinuxFile.TryExchange(Path, Output))
        {
            SyncParent(() => LinuxFile.Exchange(Path, Output), kept: Path);
        }
        else
        {
            old = $"{Path}.old";
            Directory.Move(Output, old);
            Undoing.IfFails(() => Directory.Move(old, Output), () => Directory.Move(Path, Output), kept: old);
            SyncParent(
                () =>
                {
                    Directory.Move(Output, Path);
                    Directory.Move(old, Output);
                },
                kept: old);
        }

        try
        {
            Directory.Delete(old, recursive: true);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, $"{Output} is complete; what it replaced cannot be deleted: {old}");
        }
    }

    /// <summary>Makes the new name durable; where that fails, the names are as before, as far as the system allows.</summary>
    private void SyncParent(Action undo, string? kept = null) => Undoing.IfFails(undo, () => SyncFolder(Parent), kept);

    private static void SyncFolder(string folder)
    {
        try
        {
            LinuxFile.SyncFolder(folder);
        }
        catch (IOException e)
        {
            throw WriteError.From(e, folder);
        }
    }

    public void Dispose() => _lock.Dispose();

    private static void KeepOnly(HashSet<string> kept, DirectoryInfo folder, string prefix)
    {
        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos().ToArray())
        {
            string path = prefix + entry.Name;
            if (entry is not DirectoryInfo { LinkTarget: null } inner)
            {
                if (!kept.Contains(path))
                    entry.Delete();
            }
            else if (kept.Any(file => file.StartsWith($"{path}/", StringComparison.Ordinal)))
            {
                KeepOnly(kept, inner, $"{path}/");
            }
            else
            {
                inner.Delete(recursive: true);
            }
        }
    }

    private static void CheckReplaceable(string output, bool overwrite)
    {
        if (File.Exists(output))
            throw new DemException(ErrorCode.OutputNotOurs, $"{output}: this is a file") { Path = output };
        if (!Directory.Exists(output))
            return;
        if (!Directory.EnumerateFileSystemEntries(output).Any())
            return;
        if (!overwrite)
            throw new DemException(ErrorCode.OutputExists, $"{output}: the folder is there already, and is not empty")
            {
                Path = output,
            };
        if (!File.Exists(System.IO.Path.Combine(output, Manifest.FileName)))
            throw new DemException(ErrorCode.OutputNotOurs, $"{output}: the folder has no {Manifest.FileName}")
            {
                Path = output,
            };
    }

    /// <returns>The lock; null if there is no lock file and <paramref name="mode"/> does not create one.</returns>
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
        catch (IOException e) when (SystemError.IsHeldByAnother(e))
        {
            throw new DemException(ErrorCode.OutputBusy, $"{path}: another process holds it", e) { Path = path };
        }
    }

    private static string Normalize(string path)
    {
        string full = WorkingFolder.FullPath(path);
        try
        {
            return ResolveLinks(System.IO.Path.TrimEndingDirectorySeparator(full));
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"{path}: the path cannot be followed: {e.Message}",
                e,
                remedy: "Choose another path, or mend the symbolic link that leads to itself.");
        }
    }

    /// <summary>Resolves symbolic links so that a folder or file is recognised under any name.</summary>
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
