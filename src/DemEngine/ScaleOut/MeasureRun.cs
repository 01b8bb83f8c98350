using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;

namespace DemEngine.ScaleOut;

/// <summary>
/// The first phase of a merge whose method measures over several tensors: each part measures some of these statistics, and the
/// parts that make the tensors need all of them. Without it each part measures what it needs itself, to the same bytes.
/// </summary>
/// <param name="opened">The plan, as this machine finds it.</param>
/// <param name="parts">Folder of the parts, whose plan this is.</param>
internal sealed class MeasureRun(OpenedPlan opened, PartsFolder parts)
{
    /// <summary>Measures a part's statistics, unless they are measured already.</summary>
    /// <param name="part">Number of the part.</param>
    /// <param name="backend">Backend that computes the statistics.</param>
    /// <param name="options">Options of this machine; <see cref="UnfinishedRun.Restart"/> measures anew.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles; the same call begins anew.</param>
    /// <exception cref="DemException">Any documented error of a run.</exception>
    public RunReport Execute(
        int part, IMergeBackend backend, RunOptions options, Action<RunProgress>? progress, CancellationToken cancel)
    {
        using ClaimedPart folder = ClaimedPart.Claim(parts.MeasuredOf(part));
        if (options.Unfinished == UnfinishedRun.Restart)
            folder.Clear();
        else if (Read(part) is { } there)
            return Report(folder.Path, there, backend, resumed: Tensors(there), bytesRead: 0, seconds: 0);

        OutputPlan plan = opened.Plan;
        HashSet<string> needed = MeasureCut.Of(plan, opened.Parts.Length)[part];
        MemoryBudget budget = OutputGroup.BudgetFor([plan], options, backend);
        long total = CrossTensorPart.BytesRead(plan.Tensors, needed);
        var done = new OrderedProgress(progress, "measuring", total);
        long start = Stopwatch.GetTimestamp();
        CrossTensorStatistics.Run(plan.Tensors, needed, budget, backend, done.Add, cancel);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (Checkpoint checkpoint in plan.Checkpoints)
            checkpoint.CheckUnchanged();
        var record = new MeasureRecord(
            opened.Id,
            part,
            [
                .. plan.Tensors.Where(tensor => needed.Contains(tensor.Spec.Name))
                    .SelectMany(tensor => tensor.CrossTensorParts).Select(MeasuredStatistic.Of),
            ]);
        folder.CheckOwner();
        record.Write(folder.Path);
        return Report(folder.Path, record, backend, resumed: 0, total, seconds);
    }

    /// <summary>Gives tensors what was measured for them.</summary>
    /// <param name="tensors">The tensors that a part makes.</param>
    /// <returns>False if nothing was measured beforehand, so that the part has to do it itself.</returns>
    /// <exception cref="DemException">DEM1037 (MeasurementsMissing): some parts have measured, and others have not.</exception>
    public bool TryGive(ImmutableArray<OutputTensor> tensors)
    {
        if (!opened.Plan.Totals.IsPooled)
            return false;
        MeasureRecord?[] records = [.. Enumerable.Range(0, opened.Parts.Length).Select(Read)];
        if (records.All(record => record is null))
            return false;
        int[] missing = [.. Enumerable.Range(0, records.Length).Where(part => records[part] is null)];
        if (missing.Length > 0)
            throw new DemException(
                ErrorCode.MeasurementsMissing,
                $"{parts.Path}: {missing.Length} of {records.Length} parts have not measured: {NumberRanges.Text(missing)}")
            {
                Path = parts.Path,
            };

        Dictionary<(string, int), MeasuredStatistic> measured = records.SelectMany(record => record!.Statistics)
            .DistinctBy(one => (one.Tensor, one.Order)).ToDictionary(one => (one.Tensor, one.Order));
        foreach (OutputTensor tensor in tensors.Where(tensor => tensor.CrossTensorParts.Count > 0))
        {
            foreach (CrossTensorPart statistic in tensor.CrossTensorParts)
            {
                if (measured.GetValueOrDefault((statistic.Tensor, statistic.Order))?.TryGiveTo(statistic) != true)
                    return false; // Of another form than this version's: what is measured here is right in any case.
            }

            tensor.CrossTensorStatisticsDone();
        }

        return true;
    }

    private MeasureRecord? Read(int part) =>
        MeasureRecord.Read(parts.MeasuredOf(part)) is { } record && record.Plan == opened.Id && record.Part == part
            ? record
            : null;

    private static int Tensors(MeasureRecord record) => record.Statistics.Select(one => one.Tensor).Distinct().Count();

    private static RunReport Report(
        string folder, MeasureRecord record, IMergeBackend backend, int resumed, long bytesRead, double seconds) => new(
            folder, backend.Name, Tensors(record), resumed, bytesRead, BytesWritten: 0, seconds, SyncSeconds: 0, [], []);
}
