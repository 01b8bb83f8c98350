using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Diagnostics;
using DemEngine.Errors;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Stores;

namespace DemEngine.Merging.Output;

/// <summary>
/// Carries out a plan into a folder of a store. Parts of the shards go out while others are made, and nothing is kept on disk.
/// They are completed once everything is made and checked, and what a reader looks for first, the index and <c>config.json</c>,
/// comes last. A run that was stopped begins anew.
/// </summary>
public static class StoreOutputRun
{
    // Of the memory bound, what parts take that are not whole yet or on their way.
    private const int Share = 4;

    /// <summary>Whether an output is in a store, and not on disk.</summary>
    /// <param name="output">Path or address of the output.</param>
    internal static bool IsFor(string output) => FileStores.IsAddress(output);

    /// <summary>Checks for the errors that a run would report before it begins, and changes nothing.</summary>
    /// <param name="plan">The plan to be carried out.</param>
    /// <param name="output">Address of the folder to create.</param>
    /// <param name="options">Run options.</param>
    /// <exception cref="DemException">
    /// DEM1002 (OutputExists), DEM1003 (OutputNotOurs), DEM1004 (OutputOverlapsInput), DEM1050 (BadStoreAddress) or DEM1051
    /// (NotInStore): the run would not begin. DEM2071 (StoreAccessRefused), DEM4050 (StoreNotReached).
    /// </exception>
    public static void Check(OutputPlan plan, string output, RunOptions options)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(options);
        CheckPlace(plan, output.TrimEnd('/'), options);
    }

    /// <summary>Carries out a plan.</summary>
    /// <param name="plan">The plan to carry out.</param>
    /// <param name="output">Address of the folder to create.</param>
    /// <param name="backend">Backend that computes the tensors.</param>
    /// <param name="options">Run options.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles; what was stored is discarded.</param>
    /// <returns>The report of the finished run.</returns>
    /// <exception cref="DemException">Those of <see cref="Check"/>, and any documented error of a run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static RunReport Execute(
        OutputPlan plan,
        string output,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(options);
        string folder = output.TrimEnd('/');
        StoreFolder? before = CheckPlace(plan, folder, options);
        StoreClient client = FileStores.Of(folder);
        IWritableStore store = client.Writable(folder);
        long uploads = options.MaxMemoryBytes / Share;
        MemoryBudget budget = OutputGroup.BudgetFor(
            [plan], options with { MaxMemoryBytes = options.MaxMemoryBytes - uploads }, backend);
        using var upload = new StoreUpload(
            client,
            [.. plan.Layout.Shards.Select(shard => ($"{folder}/{shard.FileName}", shard.Length))],
            uploads,
            budget.Tile.Threads);
        var job = new Job(plan, upload);
        var group = new OutputGroup([job], budget);
        long total = group.BytesRead + group.BytesWritten;
        var done = new OrderedProgress(progress, plan.Operation, total);
        long start = Stopwatch.GetTimestamp();
        for (int shard = 0; shard < plan.Layout.Shards.Length; shard++)
            upload.Write(shard, 0, plan.Layout.Shards[shard].Header.Span);
        group.Run(backend, done.Add, cancel);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (Checkpoint checkpoint in plan.Checkpoints)
            checkpoint.CheckUnchanged();
        NonFiniteTensor[] nonFinite = job.NonFinite;
        NonFiniteTensor.Refuse(nonFinite, options.NonFinite);
        progress?.Invoke(new RunProgress("uploading", total, total, ""));
        start = Stopwatch.GetTimestamp();
        upload.Finish();
        cancel.ThrowIfCancellationRequested();
        Publish(plan, folder, client, store, upload, SmallFiles.Of(plan, job.Entries, options.Card), before);
        EngineMetrics.RunDuration.Record(seconds, new KeyValuePair<string, object?>("operation", plan.Operation));
        return new RunReport(
            folder,
            backend.Name,
            plan.Layout.Tensors.Length,
            Resumed: 0,
            group.BytesRead,
            group.BytesWritten,
            seconds,
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            nonFinite,
            [
                .. plan.Remarks,
                .. job.Entries.Select(entry => entry.Remark)
                    .Append(ZeroCheck.Remark([.. job.Entries.Where(entry => entry.IsLost).Select(entry => entry.Tensor)]))
                    .OfType<string>(),
            ]);
    }

    /// <summary>
    /// Lets the output be seen: first what no reader looks for, then the shards, then the index, and <c>config.json</c> last. An
    /// output that is replaced loses these two first, so that no reader finds the one model's under the other's.
    /// </summary>
    private static void Publish(
        OutputPlan plan,
        string folder,
        StoreClient client,
        IWritableStore store,
        StoreUpload upload,
        Dictionary<string, byte[]> files,
        StoreFolder? before)
    {
        string[] last = [plan.Layout.IndexFileName, ModelConfig.FileName];
        var stored = new List<string>();
        foreach (string name in (before?.Files ?? []).Select(file => file.Path).Where(IsFoundFirst))
            Delete(name);
        try
        {
            foreach (string name in files.Keys.Except(last).Order(StringComparer.Ordinal))
                Put(name);
            for (int shard = 0; shard < plan.Layout.Shards.Length; shard++)
            {
                upload.Complete(shard, CancellationToken.None);
                stored.Add(plan.Layout.Shards[shard].FileName);
            }

            foreach (string name in last.Where(files.ContainsKey))
                Put(name);
        }
        catch (DemException)
        {
            TakeBack();
            throw;
        }

        HashSet<string> written = [.. files.Keys, .. plan.Layout.Shards.Select(shard => shard.FileName)];
        foreach (string name in (before?.Files ?? []).Select(file => file.Path).Where(name => !written.Contains(name)))
            Delete(name);

        void Put(string name)
        {
            client.Send($"{folder}/{name}", files[name].Length, async token =>
            {
                await store.PutAsync($"{folder}/{name}", files[name], token).ConfigureAwait(false);
                return true;
            }, CancellationToken.None);
            stored.Add(name);
        }

        void TakeBack()
        {
            try
            {
                stored.ForEach(Delete);
            }
            catch (DemException)
            {
                // What led here is the error to report. What is left has no configuration.
            }
        }

        void Delete(string name) => client.Send($"{folder}/{name}", 0, async token =>
        {
            await store.DeleteAsync($"{folder}/{name}", token).ConfigureAwait(false);
            return true;
        }, CancellationToken.None);
    }

    private static bool IsFoundFirst(string name) =>
        name == ModelConfig.FileName || name == Manifest.FileName || name.EndsWith(".index.json", StringComparison.Ordinal)
        || name == Checkpoint.SingleFileName;

    /// <returns>What lies at the place and is to be replaced; null where nothing does.</returns>
    private static StoreFolder? CheckPlace(OutputPlan plan, string folder, RunOptions options)
    {
        StoreClient client = FileStores.Of(folder);
        client.Writable(folder);
        if (plan.GgufForm is { } form)
            throw new DemException(ErrorCode.NotInStore, $"{folder}: {form} makes one file, which is written on disk alone")
            {
                Path = folder,
            };
        if (options.Unfinished == UnfinishedRun.Resume)
            throw new DemException(
                ErrorCode.NothingToResume, $"{folder}: a run into a store begins anew each time, and cannot be gone on with")
            {
                Path = folder,
            };
        foreach (string input in plan.Inputs.Select(input => input.Path.TrimEnd('/')))
        {
            if ($"{folder}/".StartsWith($"{input}/", StringComparison.Ordinal)
                || $"{input}/".StartsWith($"{folder}/", StringComparison.Ordinal))
                throw new DemException(ErrorCode.OutputOverlapsInput, $"{folder}: the input {input} lies there")
                {
                    Path = folder,
                };
        }

        StoreFolder there;
        try
        {
            there = client.List(folder, null);
        }
        catch (DemException e) when (e.Code == ErrorCode.StoreFileNotFound)
        {
            return null;
        }

        string[] names = [.. there.Files.Select(file => file.Path)];
        if (!options.Overwrite)
            throw new DemException(ErrorCode.OutputExists, $"{folder}: {names.Length} files lie there: {Quoted.List(names)}")
            {
                Path = folder,
            };
        return names.Contains(Manifest.FileName, StringComparer.Ordinal)
            ? there
            : throw new DemException(ErrorCode.OutputNotOurs, $"{folder}: files lie there, and no {Manifest.FileName}")
            {
                Path = folder,
            };
    }

    /// <summary>The output while its tensors are made.</summary>
    private sealed class Job(OutputPlan plan, StoreUpload upload) : IPlannedOutput
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, JournalEntry> _entries = new(StringComparer.Ordinal);
        private readonly Dictionary<string, TensorHasher> _hashers = new(StringComparer.Ordinal);

        public OutputPlan Plan => plan;

        public IReadOnlyList<int> ToMake { get; } = [.. Enumerable.Range(0, plan.Layout.Tensors.Length)];

        /// <summary>What was written of each tensor, in the order of the plan.</summary>
        public JournalEntry[] Entries => [.. plan.Layout.Tensors.Select(place => _entries[place.Spec.Name])];

        public NonFiniteTensor[] NonFinite =>
        [
            .. Entries.Where(entry => entry.NonFinite != default)
                .Select(entry => new NonFiniteTensor(entry.Tensor, entry.NonFinite.Inputs, entry.NonFinite.Outputs)),
        ];

        public void Write(PlacedTensor place, long offset, NativeBytes tile)
        {
            HasherOf(place.Spec).Add(offset, tile.Span);
            upload.Write(place.Shard, place.Offset + offset, tile.Span);
        }

        public void Finished(OutputTensor tensor, NonFinite nonFinite)
        {
            var entry = new JournalEntry(
                tensor.Spec.Name, HasherOf(tensor.Spec).Finish(), nonFinite, tensor.Remark, tensor.IsLost);
            lock (_lock)
            {
                _hashers.Remove(entry.Tensor);
                _entries.Add(entry.Tensor, entry);
            }
        }

        private TensorHasher HasherOf(TensorSpec spec)
        {
            lock (_lock)
            {
                if (!_hashers.TryGetValue(spec.Name, out TensorHasher? hasher))
                    _hashers.Add(spec.Name, hasher = new TensorHasher(spec.ByteLength));
                return hasher;
            }
        }
    }
}
