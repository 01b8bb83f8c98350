using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>
/// Carries out a plan into one GGUF file, which holds configuration and tokenizer too. The file has its name once all of it is on
/// disk; a run that was stopped begins anew.
/// </summary>
internal static class GgufFileRun
{
    /// <summary>Checks for the errors that a run would report before it begins, and changes nothing.</summary>
    /// <param name="plan">The plan to be carried out.</param>
    /// <param name="path">Path of the file to create.</param>
    /// <param name="options">Run options.</param>
    /// <returns>The disk space that the file needs and that is free.</returns>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument), DEM1002 (OutputExists), DEM1003 (OutputNotOurs), DEM1004 (OutputOverlapsInput), DEM2023
    /// (BadSideFile), DEM2059 (NotForGguf), DEM2060 (TokenizerNotForGguf).
    /// </exception>
    public static DiskRoom Check(OutputPlan plan, string path, RunOptions options)
    {
        if (options.Unfinished != UnfinishedRun.Refuse)
            throw new DemException(ErrorCode.BadArgument, $"{path}: a GGUF file begins anew each time; a folder can be resumed")
            {
                Path = path,
            };
        OneFile.Check(plan, path, ".gguf", options.Overwrite, IsOurs);
        string folder = Path.GetFullPath(path);
        while (!Directory.Exists(folder))
            folder = Path.GetDirectoryName(folder)!;
        return new DiskRoom(GgufFilePlan.Of(plan, path).Length, DiskRoom.FreeIn(folder));
    }

    /// <summary>Carries out a plan.</summary>
    /// <param name="plan">The plan to carry out.</param>
    /// <param name="path">Path of the file to create.</param>
    /// <param name="backend">Backend that computes the tensors.</param>
    /// <param name="options">Run options.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">Those of <see cref="Check"/>, and any documented error of a run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static RunReport Execute(
        OutputPlan plan,
        string path,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        Check(plan, path, options);
        path = Path.GetFullPath(path);
        var file = GgufFilePlan.Of(plan, path);
        RunReport report = OneFile.Run(
            plan, path, file.Length, backend, options, progress, cancel,
            (output, write) => new GgufSink(output, write, file));
        return report with
        {
            BytesWritten = file.Length,
            Remarks = [.. report.Remarks, .. file.Remarks],
        };
    }

    private static bool IsOurs(Checkpoint file) => file.GgufHeaders is [var header, ..]
        && header.Text(GgufFilePlan.MadeBy) is { } engine && engine.Split(' ')[0] == Manifest.ThisEngine.Split(' ')[0];
}
