using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Diagnostics;
using DemEngine.Files;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>
/// Carries out a plan: writes to a staging directory, records every finished tensor in the journal, and moves the directory to
/// the output's path once everything is complete and on disk. An error before that leaves an existing output untouched.
/// </summary>
public static class OutputRun
{
    // Its lock and its journal.
    private const int FilesOfJob = 2;

    /// <summary>Checks for the errors that a run would report before it begins, and changes nothing.</summary>
    /// <param name="plan">The plan to be carried out.</param>
    /// <param name="output">Path of the folder to create.</param>
    /// <param name="options">Run options.</param>
    /// <returns>The disk space that the output needs and that is free.</returns>
    /// <exception cref="DemException">DEM1001 to DEM1006 (BadArgument to NothingToResume): the run would not begin.</exception>
    public static DiskRoom Check(OutputPlan plan, string output, RunOptions options)
    {
        Require(plan, options);
        ArgumentException.ThrowIfNullOrEmpty(output);
        MemoryBudget.For(options.Reading(plan.Checkpoints).Writing(plan.BytesToWrite), plan.Demands);
        CheckOutput(plan, output, options);
        return DiskRoom.For(plan, output, options);
    }

    /// <summary>Carries out a plan.</summary>
    /// <param name="plan">The plan to carry out.</param>
    /// <param name="output">Path of the folder to create.</param>
    /// <param name="backend">Backend that computes the tensors.</param>
    /// <param name="options">Run options.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles; the run can then be resumed.</param>
    /// <exception cref="DemException">Any documented error of a run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static RunReport Execute(
        OutputPlan plan,
        string output,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        Require(plan, options);
        ArgumentException.ThrowIfNullOrEmpty(output);
        ArgumentNullException.ThrowIfNull(backend);
        return ExecuteTogether([new OutputRequest(plan, output, options)], backend, progress, cancel)[0];
    }

    /// <summary>
    /// Carries out a plan without blocking the caller, on threads of its own: none of the thread pool waits for it.
    /// </summary>
    /// <param name="plan">The plan: what to read and write.</param>
    /// <param name="output">Path of the folder to be made.</param>
    /// <param name="backend">
    /// Backend that computes; not used by another run at the same time unless it says that it may be.
    /// </param>
    /// <param name="options">Run options.</param>
    /// <param name="progress">Progress receiver; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles; it can then be resumed.</param>
    /// <returns>The report of the finished run.</returns>
    /// <exception cref="DemException">Those of the blocking form.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public static Task<RunReport> ExecuteAsync(
        OutputPlan plan,
        string output,
        IMergeBackend backend,
        RunOptions options,
        IProgress<RunProgress>? progress = null,
        CancellationToken cancel = default) =>
        OnThreadOfItsOwn(
            () => Execute(plan, output, backend, options, progress is null ? null : progress.Report, cancel),
            cancel);

    /// <summary>Carries out a plan whose tensors go elsewhere than into a folder. It cannot be resumed.</summary>
    /// <param name="plan">The plan: what to read and write.</param>
    /// <param name="sink">Destination of the tensors. It is completed only if the whole merge succeeds.</param>
    /// <param name="backend">Backend that computes.</param>
    /// <param name="options">Run options; those on folders are not used.</param>
    /// <param name="progress">Progress receiver; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <returns>The report of the finished run; its <see cref="RunReport.Output"/> is empty.</returns>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument), DEM4003 (ReadFailed), DEM4004 (NonFiniteOutput), DEM4005 (InputChanged), DEM4007.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public static RunReport ExecuteInto(
        OutputPlan plan,
        IModelSink sink,
        IMergeBackend backend,
        RunOptions options,
        IProgress<RunProgress>? progress = null,
        CancellationToken cancel = default) =>
        RunInto(plan, sink, backend, options, progress is null ? null : progress.Report, cancel);

    /// <summary>Carries out a plan whose tensors go elsewhere than into a folder, with a progress callback.</summary>
    internal static RunReport RunInto(
        OutputPlan plan,
        IModelSink sink,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        Require(plan, options);
        ArgumentNullException.ThrowIfNull(sink);
        ArgumentNullException.ThrowIfNull(backend);
        using Activity? activity = StartActivity(plan, backend);
        MemoryBudget budget = OutputGroup.BudgetFor([plan], options, backend);
        var output = new SinkOutput(plan, sink);
        var group = new OutputGroup([output], budget);
        long total = group.BytesRead + group.BytesWritten;
        var done = new OrderedProgress(progress, plan.Operation, total);
        long start = Stopwatch.GetTimestamp();
        sink.Begin([.. plan.Layout.Tensors.Select(place => place.Spec)]);
        group.Run(backend, done.Add, cancel);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (Checkpoint checkpoint in plan.Checkpoints)
            checkpoint.CheckUnchanged();
        NonFiniteTensor.Refuse(output.NonFinite, options.NonFinite);
        sink.Complete(plan.SideFiles);
        EngineMetrics.RunDuration.Record(seconds, new KeyValuePair<string, object?>("operation", plan.Operation));
        return new RunReport(
            Output: "",
            backend.Name,
            plan.Layout.Tensors.Length,
            Resumed: 0,
            group.BytesRead,
            group.BytesWritten,
            seconds,
            SyncSeconds: 0,
            output.NonFinite,
            output.Warnings);
    }

    /// <summary>Carries out a plan whose tensors go elsewhere, without blocking the caller, on threads of its own.</summary>
    /// <param name="plan">The plan: what to read and write.</param>
    /// <param name="sink">Destination of the tensors.</param>
    /// <param name="backend">Backend that computes.</param>
    /// <param name="options">Run options.</param>
    /// <param name="progress">Progress receiver; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <returns>The report of the finished run; its <see cref="RunReport.Output"/> is empty.</returns>
    /// <exception cref="DemException">Those of the blocking form.</exception>
    public static Task<RunReport> ExecuteIntoAsync(
        OutputPlan plan,
        IModelSink sink,
        IMergeBackend backend,
        RunOptions options,
        IProgress<RunProgress>? progress = null,
        CancellationToken cancel = default) =>
        OnThreadOfItsOwn(() => ExecuteInto(plan, sink, backend, options, progress, cancel), cancel);

    /// <summary>
    /// Throws where a program gives no plan or options, or a plan whose models it has closed: to read those would end the
    /// process.
    /// </summary>
    private static void Require(OutputPlan plan, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(options);
        foreach (Checkpoint checkpoint in plan.Checkpoints)
            checkpoint.RequireOpen();
    }

    private static Activity? StartActivity(OutputPlan plan, IMergeBackend backend) =>
        EngineMetrics.Activities.StartActivity("dem.run")?
            .SetTag("dem.operation", plan.Operation)
            .SetTag("dem.backend", backend.Name)
            .SetTag("dem.tensors", plan.Layout.Tensors.Length);

    private static Task<RunReport> OnThreadOfItsOwn(Func<RunReport> run, CancellationToken cancel) =>
        Task.Factory.StartNew(run, cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Carries out plans that differ in their parameters only, reading the inputs once for all of them.</summary>
    internal static ImmutableArray<RunReport> ExecuteTogether(
        IReadOnlyList<OutputRequest> requests,
        IMergeBackend backend,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        using Activity? activity = StartActivity(requests[0].Plan, backend);
        MemoryBudget budget = OutputGroup.BudgetFor(
            [.. requests.Select(request => request.Plan)],
            requests[0].Options.Writing(requests.Sum(request => request.Plan.BytesToWrite)),
            backend);

        // Where one of several was left unfinished, how to go on is better advice than what to do about those that are complete.
        foreach (OutputRequest request in requests.OrderBy(request => Directory.Exists(request.Output)))
            CheckOutput(request.Plan, request.Output, request.Options);

        int files = OpenFileLimit.Require((FilesOfJob * requests.Count) + budget.Tile.Threads, requests[0].Output);
        using var shards = new OpenShards(files, budget.BehindBytes);
        OutputJob[] jobs = Begin(requests, shards, budget.Tile.Threads, progress, cancel);
        try
        {
            var group = new OutputGroup([.. jobs.Select(job => job.Tensors)], budget);
            string operation = requests[0].Plan.Operation;
            long total = group.BytesRead + group.BytesWritten;
            var done = new OrderedProgress(progress, operation, total) { Complete = report => Complete(report, jobs) };
            long start = Stopwatch.GetTimestamp();
            group.Run(backend, done.Add, cancel);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

            foreach (OutputJob job in jobs)
                job.Check();
            progress?.Invoke(Complete(new RunProgress("syncing", total, total, ""), jobs));
            using Activity? publish = EngineMetrics.Activities.StartActivity("dem.publish");
            EngineMetrics.RunDuration.Record(seconds, new KeyValuePair<string, object?>("operation", operation));
            return [.. jobs.Select(job => job.Publish(backend.Name, group.BytesRead, seconds))];
        }
        finally
        {
            foreach (OutputJob job in jobs)
                job.Dispose();
        }
    }

    /// <summary>
    /// Begins or resumes outputs on several threads, since a file system takes time to allocate space and hashing the existing
    /// data takes even longer.
    /// </summary>
    private static OutputJob[] Begin(
        IReadOnlyList<OutputRequest> requests,
        OpenShards shards,
        int threads,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        var jobs = new OutputJob[requests.Count];
        int next = -1;
        try
        {
            WorkerThreads.Run(
                Math.Min(threads, jobs.Length),
                (_, stop) =>
                {
                    for (int k; (k = Interlocked.Increment(ref next)) < jobs.Length && !stop.IsCancellationRequested;)
                        jobs[k] = new OutputJob(requests[k], shards, progress, stop);
                },
                cancel);
            return jobs;
        }
        catch
        {
            foreach (OutputJob? job in jobs)
                job?.Dispose();
            throw;
        }
    }

    private static RunProgress Complete(RunProgress report, OutputJob[] jobs) => report with
    {
        TensorsDone = jobs.Sum(job => job.Tensors.FinishedTensors),
        TensorsTotal = jobs.Sum(job => job.Tensors.Plan.Layout.Tensors.Length),
        Shard = jobs[0].Tensors.ShardOf(report.Tensor),
    };

    private static void CheckOutput(OutputPlan plan, string output, RunOptions options)
    {
        if (plan.GgufForm is { } form)
            throw new DemException(
                ErrorCode.BadArgument,
                $"{output}: {form} makes one GGUF file, not a folder",
                remedy: "Merge one recipe alone, and name a file that ends in .gguf as the output; or leave out_dtype out.")
            {
                Path = output,
            };
        StagingDirectory.Check(output, plan.Checkpoints.SelectMany(checkpoint => checkpoint.PathsOnDisk), options);
    }
}
