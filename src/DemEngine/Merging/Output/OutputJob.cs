using System.Diagnostics;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>One output that is being made: its staging directory, journal, shards and finished tensors.</summary>
internal sealed class OutputJob : IPlannedOutput, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JournalEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorHasher> _hashers = new(StringComparer.Ordinal);
    private readonly RunOptions _options;
    private readonly StagingDirectory _staging;
    private readonly Journal _journal;
    private readonly ShardWriter _writer;
    private readonly int _resumed;
    private readonly Lazy<Dictionary<string, int>> _shards;

    /// <summary>Begins an output or resumes an unfinished one.</summary>
    /// <param name="request">The plan, the output folder and the run options.</param>
    /// <param name="shards">Keeps the shards open.</param>
    /// <param name="progress">Progress callback while the work of an earlier run is checked.</param>
    /// <param name="cancel">Token that stops the checking.</param>
    public OutputJob(OutputRequest request, OpenShards shards, Action<RunProgress>? progress, CancellationToken cancel)
    {
        Plan = request.Plan;
        _options = request.Options;
        _staging = StagingDirectory.Open(request.Output, _options);
        try
        {
            _journal = Journal.Open(_staging.Path, Plan.Hash);
            IEnumerable<string> kept = _journal.Finished.Count == 0 ? [] : Plan.Layout.Shards.Select(shard => shard.FileName);
            _staging.KeepOnly([Journal.FileName, .. kept]);
            _writer = new ShardWriter(_staging.Path, Plan.Layout, shards);
            foreach (JournalEntry entry in Reverify(progress, cancel))
                _entries.Add(entry.Tensor, entry);
        }
        catch
        {
            Dispose();
            throw;
        }

        _resumed = _entries.Count;
        _shards = new(() => Plan.Layout.Tensors.ToDictionary(
            place => place.Spec.Name, place => place.Shard, StringComparer.Ordinal));
        ToMake = [.. Plan.Tensors.Zip(Plan.Layout.Tensors).Where(pair => !_entries.ContainsKey(pair.First.Spec.Name))];
    }

    public OutputPlan Plan { get; }

    /// <summary>Number of tensors that are finished, those of an earlier run included.</summary>
    public int FinishedTensors
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>The tensors that no earlier run has finished.</summary>
    public IReadOnlyList<(OutputTensor Tensor, PlacedTensor Place)> ToMake { get; }

    /// <summary>Name of the file that a tensor of the output goes into; null for another tensor.</summary>
    public string? ShardOf(string tensor) =>
        _shards.Value.TryGetValue(tensor, out int shard) ? Plan.Layout.Shards[shard].FileName : null;

    public void Write(PlacedTensor place, long offset, NativeBytes tile)
    {
        HasherOf(place.Spec).Add(offset, tile.Span);
        _writer.Write(place, offset, tile.Span);
    }

    public void Finished(OutputTensor tensor, NonFinite nonFinite)
    {
        var entry = new JournalEntry(
            tensor.Spec.Name, HasherOf(tensor.Spec).Finish(), nonFinite, tensor.Remark, tensor.IsLost);
        _journal.Append(entry);
        lock (_lock)
        {
            _hashers.Remove(entry.Tensor);
            _entries.Add(entry.Tensor, entry);
        }
    }

    // Only those of the tensors that are being made are kept.
    private TensorHasher HasherOf(TensorSpec spec)
    {
        lock (_lock)
        {
            if (!_hashers.TryGetValue(spec.Name, out TensorHasher? hasher))
                _hashers.Add(spec.Name, hasher = new TensorHasher(spec.ByteLength));
            return hasher;
        }
    }

    /// <summary>Refuses an output that must not be published.</summary>
    /// <exception cref="DemException">
    /// DEM4004 (NonFiniteOutput): the output holds infinities or NaNs. DEM4005 (InputChanged): an input changed.
    /// </exception>
    public void Check()
    {
        foreach (Checkpoint checkpoint in Plan.Checkpoints)
            checkpoint.CheckUnchanged();
        NonFiniteTensor.Refuse(NonFinite, _options.NonFinite);
    }

    /// <summary>Waits until all data is on disk, then moves the staging directory to the output's path.</summary>
    /// <param name="backend">Name of the backend that computed the output.</param>
    /// <param name="bytesRead">Number of bytes read for this output and those made together with it.</param>
    /// <param name="seconds">Time spent in the pipeline, in seconds.</param>
    public RunReport Publish(string backend, long bytesRead, double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        _writer.Finish();
        _journal.Dispose();
        IEnumerable<string> smallFiles = WriteSmallFiles();
        _staging.Publish([.. Plan.Layout.Shards.Select(shard => shard.FileName), .. smallFiles]);
        return new RunReport(
            _staging.Output,
            backend,
            _entries.Count,
            _resumed,
            bytesRead,
            ToMake.Sum(tensor => tensor.Place.Spec.ByteLength),
            seconds,
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            NonFinite,
            [
                .. Plan.Remarks,
                .. Entries.Select(entry => entry.Remark)
                    .Append(ZeroCheck.Remark([.. Entries.Where(entry => entry.IsLost).Select(entry => entry.Tensor)]))
                    .OfType<string>(),
            ]);
    }

    public void Dispose()
    {
        _journal?.Dispose();
        _staging.Dispose();
    }

    /// <summary>Journal entries of all tensors, in the order of the layout.</summary>
    private JournalEntry[] Entries => [.. Plan.Tensors.Select(tensor => _entries[tensor.Spec.Name])];

    private NonFiniteTensor[] NonFinite =>
    [
        .. Entries.Where(entry => entry.NonFinite != default)
            .Select(entry => new NonFiniteTensor(entry.Tensor, entry.NonFinite.Inputs, entry.NonFinite.Outputs)),
    ];

    /// <summary>Returns the journal's entries whose tensors have the recorded bytes on disk.</summary>
    private IEnumerable<JournalEntry> Reverify(Action<RunProgress>? progress, CancellationToken cancel)
    {
        if (_journal.Finished.Count == 0)
            yield break;

        _writer.ReadFromDisk();
        using var buffer = new NativeBuffer(ContentHash.LeafBytes);
        long total = Plan.Layout.Tensors
            .Where(place => _journal.Finished.ContainsKey(place.Spec.Name))
            .Sum(place => place.Spec.ByteLength);
        long done = 0;
        foreach (PlacedTensor place in Plan.Layout.Tensors)
        {
            if (!_journal.Finished.TryGetValue(place.Spec.Name, out JournalEntry? entry))
                continue;

            progress?.Invoke(new RunProgress("checking", done += place.Spec.ByteLength, total, place.Spec.Name));
            if (Hash(place, _writer, buffer.Bytes, cancel) == entry.Hash)
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

    /// <returns>Paths in the output, with slashes, of the files that were written.</returns>
    private IEnumerable<string> WriteSmallFiles()
    {
        var manifest = new Manifest(
            Manifest.ThisEngine,
            Plan.Operation,
            Plan.Recipe,
            Plan.Inputs,
            [.. Plan.Tensors.Zip(Entries, (tensor, entry) => new ManifestTensor(
                tensor.Spec.Name,
                tensor.Spec.Type.SafetensorsName,
                tensor.Spec.Shape.Dimensions,
                entry.Hash,
                entry.NonFinite.Inputs,
                entry.NonFinite.Outputs))]);

        var files = new Dictionary<string, byte[]>(Plan.SideFiles, StringComparer.Ordinal);
        if (Plan.Layout.BuildIndex() is { } index)
            files[Plan.Layout.IndexFileName] = index;
        if (_options.Card && Plan.Card is { } card)
        {
            foreach (var (name, contents) in card.Files(manifest.TensorsHash))
                files[name] = contents;
        }

        manifest = manifest with { Files = ManifestFile.Of(Plan.Layout.Shards, files) };
        files[Manifest.FileName] = manifest.ToJson();

        foreach (var (name, contents) in files)
        {
            string path = Path.Combine(_staging.Path, name);
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            }
            catch (Exception e) when (WriteError.Covers(e))
            {
                throw WriteError.From(e, path);
            }

            OutputFile.WriteWhole(path, contents);
        }

        return files.Keys;
    }
}
