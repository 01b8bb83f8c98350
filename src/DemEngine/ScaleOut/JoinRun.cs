using System.Diagnostics;
using System.Globalization;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Sweeps;

namespace DemEngine.ScaleOut;

/// <summary>
/// Makes the output from the parts of a plan. It checks all that they wrote, and publishes the output in one step; stopped at any
/// point, it can be run again.
/// </summary>
/// <param name="opened">The plan, as this machine finds it.</param>
/// <param name="planned">The plan as it was made.</param>
internal sealed class JoinRun(OpenedPlan opened, PlanDocument planned)
{
    private readonly PartsFolder _parts = new(planned.Output);

    /// <summary>Joins the parts.</summary>
    /// <param name="options">Options of this machine, and what is done about infinities and NaNs.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the work.</param>
    /// <exception cref="DemException">
    /// DEM1033 (PartsMissing), DEM1034 (OtherPlan), DEM1035 (PlanNotBegun), DEM4030 (PartDamaged), and any documented error of
    /// publishing an output.
    /// </exception>
    public RunReport Execute(RunOptions options, Action<RunProgress>? progress, CancellationToken cancel)
    {
        string? id = _parts.PlanId;
        if (id is not null)
            _parts.Require(opened.Id);
        if (IsPublished(id, options, progress, cancel))
        {
            _parts.Discard();
            return FinishedOutput.Report(planned.Output, opened.Plan);
        }

        _parts.Require(opened.Id);
        PartRecord[] records = ReadRecords();
        JournalEntry[] entries = [.. records.SelectMany(record => record.Tensors)];
        RunOptions run = planned.Options.On(options) with { NonFinite = options.NonFinite };
        NonFiniteTensor.Refuse(NonFiniteTensor.In(entries), run.NonFinite);
        StagingDirectory.Check(
            planned.Output,
            opened.Plan.Checkpoints.SelectMany(checkpoint => checkpoint.PathsOnDisk),
            run with
            {
                Unfinished = StagingDirectory.IsThere(planned.Output) ? UnfinishedRun.Resume : UnfinishedRun.Refuse,
            });

        long start = Stopwatch.GetTimestamp();
        using StagingDirectory staging = StagingDirectory.Open(planned.Output, run with { Unfinished = UnfinishedRun.Resume });
        string[] shards = [.. opened.Plan.Layout.Shards.Select(shard => shard.FileName)];

        // The journal says whose the staging directory is: neither a run on one machine nor a join takes over the other's.
        using (Journal.Open(staging.Path, $"{opened.Id} join"))
        {
            staging.KeepOnly([Journal.FileName, .. shards]);
            Collect(staging.Path, entries, run, progress, cancel);
        }

        foreach (Checkpoint checkpoint in opened.Plan.Checkpoints)
            checkpoint.CheckUnchanged();
        IEnumerable<string> small = SmallFiles.Write(opened.Plan, entries, run.Card, staging.Path);
        _parts.BeginPublishing();
        staging.Publish([.. shards, .. small]);
        _parts.Discard();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new RunReport(
            staging.Output,
            string.Join(", ", records.Select(record => record.Backend).Distinct(StringComparer.Ordinal)),
            entries.Length,
            Resumed: 0,
            opened.Plan.Layout.TotalSize,
            opened.Plan.BytesToWrite,
            seconds,
            SyncSeconds: 0,
            NonFiniteTensor.In(entries),
            OutputJob.Remarks(opened.Plan, entries));
    }

    /// <summary>Whether an earlier call has published the output; every byte of it is then read back.</summary>
    private bool IsPublished(string? id, RunOptions options, Action<RunProgress>? progress, CancellationToken cancel) =>
        (id is null || _parts.IsPublishing)
        && FinishedOutput.IsSame(planned.Output, opened.Plan)
        && SweepMember.OptionsFor(
            planned.Output, opened.Plan, options with { Unfinished = UnfinishedRun.Resume }, progress, cancel) is null;

    private PartRecord[] ReadRecords()
    {
        PartRecord?[] records = [.. Enumerable.Range(0, opened.Parts.Length).Select(Read)];
        int[] missing = [.. Enumerable.Range(0, records.Length).Where(part => records[part] is null)];
        return missing.Length == 0
            ? [.. records.OfType<PartRecord>()]
            : throw new DemException(
                ErrorCode.PartsMissing,
                $"{_parts.Path}: {missing.Length} of {records.Length} parts {(missing.Length == 1 ? "is" : "are")} not finished: "
                + NumberRanges.Text(missing))
            {
                Path = _parts.Path,
            };
    }

    private PartRecord? Read(int part)
    {
        TensorRange range = opened.Parts[part];
        return PartRecord.Read(_parts.Of(part)) is { } record
            && record.Plan == opened.Id
            && record.Part == part
            && record.Tensors.Count == range.Count
            && record.Tensors.Zip(opened.Plan.Layout.Tensors.Skip(range.First))
                .All(pair => pair.First.Tensor == pair.Second.Spec.Name)
            ? record
            : null;
    }

    private void Collect(
        string staging,
        IReadOnlyList<JournalEntry> entries,
        RunOptions options,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        var done = new OrderedProgress(progress, "joining", opened.Plan.Layout.TotalSize);
        var join = new ShardJoin(opened, _parts, entries, staging, options.Threads, done.Add);
        new DiskRoom(join.CopiedBytes, DiskRoom.FreeIn(staging)).Require(planned.Output);
        int[] damaged =
        [
            .. Enumerable.Range(0, opened.Plan.Layout.Shards.Length)
                .SelectMany(shard => join.Join(shard, cancel)).Distinct().Order(),
        ];
        if (damaged.Length == 0)
            return;

        // What is right of these parts is kept when they are run again, since their journals are still there.
        foreach (int part in damaged)
            PartRecord.Delete(_parts.Of(part));
        string parts = damaged.Length == 1
            ? string.Create(CultureInfo.InvariantCulture, $"part {damaged[0]}")
            : $"parts {NumberRanges.Text(damaged)}";
        throw new DemException(ErrorCode.PartDamaged, $"{_parts.Path}: {parts}") { Path = _parts.Path };
    }
}
