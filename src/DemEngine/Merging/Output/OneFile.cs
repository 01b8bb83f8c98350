using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>An output that is one file in place of a folder.</summary>
internal static class OneFile
{
    /// <summary>Writes bytes at an offset of the file. Thread-safe.</summary>
    public delegate void WriteAt(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Checks that the file may be created, and changes nothing.</summary>
    /// <param name="plan">The plan to be carried out.</param>
    /// <param name="path">Path of the file.</param>
    /// <param name="ending">Ending that its name must have.</param>
    /// <param name="overwrite">Whether an existing file of this tool may be replaced.</param>
    /// <param name="isOurs">Function that says whether an existing file is of this tool.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument), DEM1002 (OutputExists), DEM1003 (OutputNotOurs) or DEM1004 (OutputOverlapsInput).
    /// </exception>
    public static void Check(OutputPlan plan, string path, string ending, bool overwrite, Func<Checkpoint, bool> isOurs)
    {
        if (!path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            throw Refused(path, $"a single file {(ending == ".gguf" ? "of GGUF " : "")}ends in {ending}");
        if (Directory.Exists(path))
            throw Refused(path, "this is a folder");
        StagingDirectory.CheckOverlap(path, plan.Checkpoints.SelectMany(checkpoint => checkpoint.PathsOnDisk));
        if (!File.Exists(path))
            return;
        if (!overwrite)
            throw new DemException(ErrorCode.OutputExists, $"{path}: the file is there already") { Path = path };
        if (!IsOurs(path, isOurs))
            throw new DemException(ErrorCode.OutputNotOurs, $"{path}: nothing in the file says that this tool wrote it")
            {
                Path = path,
            };
    }

    /// <summary>Makes the file, which has its name once all of it is on disk.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <param name="write">Function that writes the contents.</param>
    private static void Write(string path, Action<OutputFile> write)
    {
        try
        {
            DurableFolder.Create(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, path);
        }

        OutputFile.Replace(path, write);
    }

    /// <summary>Carries out a plan into the file, past the page cache if it is large, until all of it is on disk.</summary>
    /// <param name="plan">The plan to be carried out.</param>
    /// <param name="path">Full path of the file.</param>
    /// <param name="bytes">Length of the file.</param>
    /// <param name="backend">Backend that computes the tensors.</param>
    /// <param name="options">Run options.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <param name="sinkOf">
    /// Makes the sink that writes the tensors, from the file and from what takes bytes and their offset in it.
    /// </param>
    /// <returns>The report of the run, with the time that it took until all was on disk.</returns>
    public static RunReport Run(
        OutputPlan plan,
        string path,
        long bytes,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress,
        CancellationToken cancel,
        Func<OutputFile, WriteAt, IModelSink> sinkOf)
    {
        options = options.Writing(bytes);
        RunReport? report = null;
        long end = 0;
        Write(path, file =>
        {
            using var shards = new OpenShards(files: int.MaxValue, OutputGroup.BudgetFor([plan], options, backend).BehindBytes);
            IModelSink sink = sinkOf(file, (part, offset) => shards.Write(file.Path, part, offset));
            report = OutputRun.RunInto(plan, sink, backend, options, progress, cancel);
            end = Stopwatch.GetTimestamp();
            shards.Close(file.Path);
        });
        return report! with { Output = path, SyncSeconds = Stopwatch.GetElapsedTime(end).TotalSeconds };
    }

    /// <summary>Makes the error of a path that cannot be that of the output.</summary>
    public static DemException Refused(string path, string why) =>
        new(ErrorCode.BadArgument, $"{path}: {why}") { Path = path };

    private static bool IsOurs(string path, Func<Checkpoint, bool> isOurs)
    {
        try
        {
            using Checkpoint file = Checkpoint.Open(path);
            return isOurs(file);
        }
        catch (DemException e) when (!IsUnread(e.Code))
        {
            return false; // It is no file of weights.
        }
    }

    // A file that cannot be read now may be ours all the same.
    private static bool IsUnread(ErrorCode code) => code == ErrorCode.UnreadableFile
        || code == ErrorCode.ReadFailed
        || code == ErrorCode.TooManyOpenFiles
        || code == ErrorCode.OutOfMemory;
}
