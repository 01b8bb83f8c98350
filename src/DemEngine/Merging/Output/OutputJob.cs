using System.Diagnostics;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>One output that is being made: its staging directory and the tensors in it.</summary>
internal sealed class OutputJob : IDisposable
{
    private readonly RunOptions _options;
    private readonly StagingDirectory _staging;

    /// <summary>Begins an output or resumes an unfinished one.</summary>
    /// <param name="request">The plan, the output folder and the run options.</param>
    /// <param name="shards">Keeps the shards open.</param>
    /// <param name="progress">Progress callback while the work of an earlier run is checked.</param>
    /// <param name="cancel">Token that stops the checking.</param>
    public OutputJob(OutputRequest request, OpenShards shards, Action<RunProgress>? progress, CancellationToken cancel)
    {
        _options = request.Options;
        _staging = StagingDirectory.Open(request.Output, _options);
        Journal? journal = null;
        try
        {
            journal = Journal.Open(_staging.Path, request.Plan.Hash);
            IEnumerable<string> kept =
                journal.Finished.Count == 0 ? [] : request.Plan.Layout.Shards.Select(shard => shard.FileName);
            _staging.KeepOnly([Journal.FileName, .. kept]);
            Tensors = new TensorFiles(request.Plan, _staging.Path, journal, shards, progress, cancel);
        }
        catch
        {
            journal?.Dispose();
            _staging.Dispose();
            throw;
        }
    }

    /// <summary>The tensors, as they are made and written.</summary>
    public TensorFiles Tensors { get; }

    private OutputPlan Plan => Tensors.Plan;

    /// <summary>Refuses an output that must not be published.</summary>
    /// <exception cref="DemException">
    /// DEM4004 (NonFiniteOutput): the output holds infinities or NaNs. DEM4005 (InputChanged): an input changed.
    /// </exception>
    public void Check()
    {
        foreach (Checkpoint checkpoint in Plan.Checkpoints)
            checkpoint.CheckUnchanged();
        NonFiniteTensor.Refuse(NonFiniteTensor.In(Tensors.Entries), _options.NonFinite);
    }

    /// <summary>Waits until all data is on disk, then moves the staging directory to the output's path.</summary>
    /// <param name="backend">Name of the backend that computed the output.</param>
    /// <param name="bytesRead">Number of bytes read for this output and those made together with it.</param>
    /// <param name="seconds">Time spent in the pipeline, in seconds.</param>
    public RunReport Publish(string backend, long bytesRead, double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        Tensors.Finish();
        JournalEntry[] entries = Tensors.Entries;
        IEnumerable<string> smallFiles = SmallFiles.Write(Plan, entries, _options.Card, _staging.Path);
        _staging.Publish([.. Plan.Layout.Shards.Select(shard => shard.FileName), .. smallFiles]);
        return new RunReport(
            _staging.Output,
            backend,
            entries.Length,
            Tensors.Resumed,
            bytesRead,
            Tensors.ToMake.Sum(at => Plan.Layout.Tensors[at].Spec.ByteLength),
            seconds,
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            NonFiniteTensor.In(entries),
            Remarks(Plan, entries));
    }

    /// <summary>Warnings for the user on a finished output.</summary>
    /// <param name="plan">Plan of the output.</param>
    /// <param name="entries">Journal entries of its tensors, in the order of the layout.</param>
    public static IReadOnlyList<string> Remarks(OutputPlan plan, IReadOnlyCollection<JournalEntry> entries) =>
    [
        .. plan.Remarks,
        .. entries.Select(entry => entry.Remark)
            .Append(ZeroCheck.Remark([.. entries.Where(entry => entry.IsLost).Select(entry => entry.Tensor)]))
            .OfType<string>(),
    ];

    public void Dispose()
    {
        Tensors?.Dispose();
        _staging.Dispose();
    }
}
