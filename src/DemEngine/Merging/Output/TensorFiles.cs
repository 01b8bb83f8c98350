using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>
/// The tensors of a plan that are being written to files in a folder, with a journal of those that are finished. What an earlier
/// process finished there is checked and kept.
/// </summary>
internal sealed class TensorFiles : IPlannedOutput, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JournalEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorHasher> _hashers = new(StringComparer.Ordinal);
    private readonly Journal _journal;
    private readonly ShardWriter _writer;
    private readonly Lazy<Dictionary<string, int>> _shards;

    /// <summary>Begins to write, or goes on with what an earlier process left.</summary>
    /// <param name="plan">Plan of the tensors and files.</param>
    /// <param name="folder">Folder of the files.</param>
    /// <param name="journal">Journal of the folder, which is closed with this object.</param>
    /// <param name="shards">Keeps the files open.</param>
    /// <param name="progress">Progress callback while the work of an earlier process is checked.</param>
    /// <param name="cancel">Token that stops the checking.</param>
    public TensorFiles(
        OutputPlan plan,
        string folder,
        Journal journal,
        OpenShards shards,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        Plan = plan;
        _journal = journal;
        _writer = new ShardWriter(folder, plan.Layout, shards);
        _entries.EnsureCapacity(plan.Layout.Tensors.Length);
        foreach (JournalEntry entry in Reverify(progress, cancel))
            _entries.Add(entry.Tensor, entry);
        Resumed = _entries.Count;
        _shards = new(() => plan.Layout.Tensors.ToDictionary(
            place => place.Spec.Name, place => place.Shard, StringComparer.Ordinal));
        ToMake =
        [
            .. Enumerable.Range(0, plan.Layout.Tensors.Length)
                .Where(at => !_entries.ContainsKey(plan.Layout.Tensors[at].Spec.Name)),
        ];
    }

    public OutputPlan Plan { get; }

    /// <summary>Number of tensors that an earlier process finished.</summary>
    public int Resumed { get; }

    /// <summary>Number of tensors that are finished, those of an earlier process included.</summary>
    public int FinishedTensors
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>Positions in the layout of the tensors that no earlier process has finished.</summary>
    public IReadOnlyList<int> ToMake { get; }

    /// <summary>Journal entries of all tensors, in the order of the layout. All must be finished.</summary>
    public JournalEntry[] Entries => [.. Plan.Layout.Tensors.Select(place => _entries[place.Spec.Name])];

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

    /// <summary>Waits until everything is on disk, and closes the files.</summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed): the data may not be on disk.</exception>
    public void Finish()
    {
        _writer.Finish();
        _journal.Dispose();
    }

    public void Dispose() => _journal.Dispose();

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
            string hash = TensorHasher.HashOf(
                place.Spec.ByteLength,
                (at, bytes) => _writer.Read(place.Shard, place.Offset + at, bytes.Span),
                buffer.Bytes,
                cancel);
            if (hash == entry.Hash)
                yield return entry;
        }
    }
}
