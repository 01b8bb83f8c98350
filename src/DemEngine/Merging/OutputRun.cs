using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Deltas;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>
/// Carries out a plan: writes in a staging folder, notes every finished tensor in the journal, and puts the folder in its place once
/// everything is complete and on disk. Whatever goes wrong before that leaves what was there as it was.
/// </summary>
public static class OutputRun
{
    /// <summary>Refuses what <see cref="Execute"/> would refuse before it begins, and changes nothing.</summary>
    /// <param name="plan">What is to be read and written.</param>
    /// <param name="output">The folder to be made.</param>
    /// <param name="options">How.</param>
    /// <returns>The room that the output takes, and the room there is.</returns>
    /// <exception cref="DemException">DEM1001 to DEM1006.</exception>
    public static DiskRoom Check(OutputPlan plan, string output, RunOptions options)
    {
        TileSize.Choose(options, plan.MostBuffers);
        CheckOutput(plan, output, options);
        return DiskRoom.For(plan, output);
    }

    /// <summary>Carries out a plan.</summary>
    /// <param name="plan">What to read and write.</param>
    /// <param name="output">The folder to be made.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told where the run stands, from any thread, often.</param>
    /// <param name="cancel">Stops between tiles; the run can then be resumed.</param>
    /// <exception cref="DemException">Anything documented may go wrong.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static RunReport Execute(
        OutputPlan plan,
        string output,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        TileSize tile = TileSize.Choose(options.For(backend), plan.MostBuffers);
        CheckOutput(plan, output, options);
        using StagingFolder staging = StagingFolder.Open(output, options);
        using var journal = Journal.Open(staging.Path, plan.Hash);
        staging.KeepOnly([Journal.FileName, .. plan.Layout.Shards.Select(shard => shard.FileName)]);
        using var writer = new ShardWriter(staging.Path, plan.Layout);

        var entries = new Dictionary<string, JournalEntry>(StringComparer.Ordinal);
        foreach (JournalEntry entry in Reverify(plan, journal, writer, progress, cancel))
            entries.Add(entry.Tensor, entry);
        int resumed = entries.Count;

        TensorProgress[] tensors =
        [
            .. plan.Tensors.Zip(plan.Layout.Tensors)
                .Where(pair => !entries.ContainsKey(pair.First.Spec.Name))
                .Select(pair => new TensorProgress(pair.First, pair.Second, tile.Bytes)),
        ];
        long bytesRead = tensors.Sum(tensor => tensor.Tensor.BytesRead) + OutputPlan.PooledBytes(plan.PooledFor(tensors));
        long bytesWritten = tensors.Sum(tensor => tensor.Tensor.Spec.ByteLength);
        long total = bytesRead + bytesWritten;
        long done = 0;
        var entriesLock = new Lock();

        long start = Stopwatch.GetTimestamp();
        PooledMeasurements.Run(
            plan.PooledFor(tensors),
            tile,
            plan.InputBytes(tile),
            backend,
            (tensor, bytes) => progress?.Invoke(new RunProgress(plan.Operation, Interlocked.Add(ref done, bytes), total, tensor.Spec.Name)),
            cancel);
        TilePipeline.Run(
            tensors,
            tile,
            plan.InputBytes(tile),
            backend,
            writer,
            (task, bytes) => progress?.Invoke(new RunProgress(plan.Operation, Interlocked.Add(ref done, bytes), total, task.Tensor.Tensor.Spec.Name)),
            entry =>
            {
                journal.Append(entry);
                lock (entriesLock)
                    entries.Add(entry.Tensor, entry);
            },
            cancel);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        foreach (Checkpoint checkpoint in plan.Checkpoints)
            checkpoint.CheckUnchanged();

        JournalEntry[] finished = [.. plan.Tensors.Select(tensor => entries[tensor.Spec.Name])];
        NonFiniteTensor[] nonFinite =
        [
            .. finished.Where(entry => entry.NonFinite != default)
                .Select(entry => new NonFiniteTensor(entry.Tensor, entry.NonFinite.Inputs, entry.NonFinite.Outputs)),
        ];
        RefuseNonFinite(nonFinite, options.NonFinite);

        start = Stopwatch.GetTimestamp();
        progress?.Invoke(new RunProgress("syncing", total, total, ""));
        writer.Sync();
        journal.Dispose();
        writer.Dispose();
        IEnumerable<string> smallFiles = WriteSmallFiles(plan, staging, finished);
        staging.Publish([.. plan.Layout.Shards.Select(shard => shard.FileName), .. smallFiles]);

        return new RunReport(
            staging.Output,
            backend.Name,
            finished.Length,
            resumed,
            bytesRead,
            bytesWritten,
            seconds,
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            nonFinite,
            [.. plan.Remarks, .. finished.Select(entry => entry.Remark).OfType<string>()]);
    }

    private static void CheckOutput(OutputPlan plan, string output, RunOptions options) =>
        StagingFolder.Check(output, plan.Checkpoints.SelectMany(checkpoint => checkpoint.Files.Add(checkpoint.Path)), options);

    /// <summary>Of what the journal says is finished, that whose bytes are there.</summary>
    private static IEnumerable<JournalEntry> Reverify(
        OutputPlan plan, Journal journal, ShardWriter writer, Action<RunProgress>? progress, CancellationToken cancel)
    {
        if (journal.Finished.Count == 0)
            yield break;

        using var buffer = new NativeBuffer(ContentHash.LeafBytes);
        long total = plan.Layout.Tensors.Where(place => journal.Finished.ContainsKey(place.Spec.Name)).Sum(place => place.Spec.ByteLength);
        long done = 0;
        foreach (PlacedTensor place in plan.Layout.Tensors)
        {
            if (!journal.Finished.TryGetValue(place.Spec.Name, out JournalEntry? entry))
                continue;

            progress?.Invoke(new RunProgress("checking", done += place.Spec.ByteLength, total, place.Spec.Name));
            if (Hash(place, writer, buffer.Bytes, cancel) == entry.Hash)
                yield return entry;
        }
    }

    private static string Hash(PlacedTensor place, ShardWriter writer, NativeBytes buffer, CancellationToken cancel)
    {
        var hasher = new TensorHasher(place.Spec.ByteLength);
        for (long at = 0; at < place.Spec.ByteLength; at += ContentHash.LeafBytes)
        {
            cancel.ThrowIfCancellationRequested();
            int length = (int)Math.Min(ContentHash.LeafBytes, place.Spec.ByteLength - at);
            length = writer.Read(place.Shard, place.Offset + at, buffer.Slice(0, length).Span);
            hasher.Add(at, buffer.Slice(0, length).Span);
        }

        return hasher.Finish();
    }

    /// <summary>Refuses infinities and NaNs in what was made, if the policy says so.</summary>
    /// <exception cref="DemException">DEM4004.</exception>
    internal static void RefuseNonFinite(NonFiniteTensor[] tensors, NonFinitePolicy policy)
    {
        NonFiniteTensor[] written = [.. tensors.Where(tensor => tensor.Outputs > 0)];
        if (written.Length == 0 || policy == NonFinitePolicy.Warn)
            return;

        throw new DemException(
            ErrorCode.NonFiniteOutput,
            $"{written.Sum(tensor => tensor.Outputs)} infinities or NaNs ({written.Sum(tensor => tensor.Inputs)} in the inputs) in {Quoted.List([.. written.Select(tensor => tensor.Tensor)])}");
    }

    /// <returns>Their names.</returns>
    private static IEnumerable<string> WriteSmallFiles(OutputPlan plan, StagingFolder staging, JournalEntry[] finished)
    {
        var manifest = new Manifest(
            Manifest.ThisEngine,
            plan.Operation,
            plan.Recipe,
            plan.Inputs,
            [.. plan.Tensors.Zip(finished, (tensor, entry) => new ManifestTensor(
                tensor.Spec.Name,
                tensor.Spec.Type.SafetensorsName,
                tensor.Spec.Shape.Dimensions,
                entry.Hash,
                entry.NonFinite.Inputs,
                entry.NonFinite.Outputs))]);

        var files = new Dictionary<string, byte[]>(plan.SideFiles, StringComparer.Ordinal);
        if (plan.Layout.BuildIndex() is { } index)
            files[Checkpoint.IndexFileName] = index;
        files[Manifest.FileName] = manifest.ToJson();

        foreach (var (name, contents) in files)
        {
            string path = Path.Combine(staging.Path, name);
            try
            {
                using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
                file.Write(contents);
                file.Flush(flushToDisk: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw WriteError.From(e, path);
            }
        }

        return files.Keys;
    }
}
