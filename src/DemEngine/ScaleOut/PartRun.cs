using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;

namespace DemEngine.ScaleOut;

/// <summary>
/// Makes one part of a merge in a folder of its own. A part that was stopped goes on where it was, and one that is finished stays
/// as it is.
/// </summary>
/// <param name="opened">The plan, as this machine finds it.</param>
/// <param name="output">Path of the output.</param>
/// <param name="part">Number of the part.</param>
internal sealed class PartRun(OpenedPlan opened, string output, int part)
{
    // Its lock and its journal.
    private const int FilesOfPart = 2;

    private readonly PartsFolder _parts = new(output);

    private string Folder => _parts.Of(part);

    /// <summary>Makes the part.</summary>
    /// <param name="backend">Backend that computes the tensors.</param>
    /// <param name="options">Options of this machine; <see cref="UnfinishedRun.Restart"/> makes all of the part anew.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles; the same call goes on.</param>
    /// <returns>What was done. Infinities and NaNs are reported, and refused when the parts are joined.</returns>
    /// <exception cref="DemException">Any documented error of a run; DEM1035 (PlanNotBegun), DEM4031 (PartTakenOver).</exception>
    public RunReport Execute(
        IMergeBackend backend, RunOptions options, Action<RunProgress>? progress, CancellationToken cancel)
    {
        if (_parts.PlanId is null && FinishedOutput.IsSame(output, opened.Plan))
            return FinishedOutput.Report(output, opened.Plan);
        _parts.Require(opened.Id);

        using ClaimedPart folder = ClaimedPart.Claim(Folder);
        if (options.Unfinished == UnfinishedRun.Restart)
            folder.Clear();
        else if (FindFinished() is { } record)
            return Report(record, record.Tensors.Count, bytesRead: 0, bytesWritten: 0, seconds: 0, syncSeconds: 0);
        PartRecord.Delete(folder.Path);
        return Make(folder, backend, options, progress, cancel);
    }

    /// <summary>The record of the part, if it is finished and nothing of it is lost.</summary>
    private PartRecord? FindFinished()
    {
        if (PartRecord.Read(Folder) is not { } record || record.Plan != opened.Id || record.Part != part)
            return null;

        // A join that was stopped has shards in the output's staging directory. They are only ever moved there from here.
        string staging = StagingDirectory.PathFor(output);
        return opened.Pieces[part].All(piece =>
            PlannedPiece.HasLength(Path.Combine(Folder, piece.FileName), piece.Length)
            || PlannedPiece.HasLength(Path.Combine(staging, opened.Plan.Layout.Shards[piece.Shard].FileName),
                opened.Plan.Layout.Shards[piece.Shard].Length))
            ? record
            : null;
    }

    private RunReport Make(
        ClaimedPart folder,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        OutputPlan plan = opened.Plan.Part(
            opened.Parts[part].First, PlannedPiece.Layout(opened.Plan.Layout, opened.Pieces[part]));
        if (opened.Plan.Totals.IsPooled)
            plan.IsMeasured = new MeasureRun(opened, _parts).TryGive(plan.Tensors);
        MemoryBudget budget = OutputGroup.BudgetFor([plan], options.Writing(plan.BytesToWrite), backend);
        int files = OpenFileLimit.Require(FilesOfPart + budget.Tile.Threads, output);
        using var shards = new OpenShards(files, budget.BehindBytes);
        using Journal journal = Journal.Open(folder.Path, $"{opened.Id} part {part}");
        using var tensors = new TensorFiles(plan, folder.Path, journal, shards, progress, cancel);

        var group = new OutputGroup([tensors], budget);
        long total = group.BytesRead + group.BytesWritten;
        RunProgress Complete(RunProgress report) => report with
        {
            TensorsDone = tensors.FinishedTensors,
            TensorsTotal = opened.Parts[part].Count,
            Shard = tensors.ShardOf(report.Tensor),
        };
        var done = new OrderedProgress(progress, plan.Operation, total) { Complete = Complete };
        long start = Stopwatch.GetTimestamp();
        group.Run(backend, done.Add, cancel);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (Checkpoint checkpoint in plan.Checkpoints)
            checkpoint.CheckUnchanged();

        progress?.Invoke(Complete(new RunProgress("syncing", total, total, "")));
        start = Stopwatch.GetTimestamp();
        tensors.Finish();
        LinuxFile.SyncFolder(folder.Path);
        folder.CheckOwner();
        var record = new PartRecord(opened.Id, part, backend.Name, group.BytesRead, seconds, tensors.Entries);
        record.Write(folder.Path);
        return Report(
            record,
            tensors.Resumed,
            group.BytesRead,
            group.BytesWritten,
            seconds,
            Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private RunReport Report(
        PartRecord record, int resumed, long bytesRead, long bytesWritten, double seconds, double syncSeconds) => new(
            Folder,
            record.Backend,
            record.Tensors.Count,
            resumed,
            bytesRead,
            bytesWritten,
            seconds,
            syncSeconds,
            NonFiniteTensor.In(record.Tensors),
            [.. opened.Remarks, .. OutputJob.Remarks(opened.Plan, record.Tensors)]);
}
