using DemEngine.Backends;
using DemEngine.Memory;

namespace DemEngine.Merging.Pipeline;

/// <summary>A tile to be read in a statistics pass or to be made.</summary>
/// <param name="Group">The tensor that the tile belongs to.</param>
/// <param name="Index">Index of the tile.</param>
/// <param name="Pass">Index of the tensor's statistics pass that reads the tile; null if the tile is made.</param>
internal readonly record struct TileTask(TensorGroup Group, int Index, int? Pass)
{
    /// <summary>The range of elements that the tile covers.</summary>
    public (long First, int Count) Elements => Group.Tile(Pass, Index);
}

/// <summary>
/// Hands out the tiles of all tensors and starts reading the inputs of later tiles ahead of time. Each shard's tiles are handed
/// out in their order on disk, tensor after tensor: first those of the statistics passes, then those to be made. Each thread
/// keeps to its own shard while there are enough of them, since a file system lets only one thread at a time write to a file.
/// A tensor's objects are made when its first tile is due, and let go after its last: a model may have half a million tensors.
/// </summary>
internal sealed class TileSchedule : IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<TensorGroup> _begun = [];
    private readonly Func<int, TensorGroup> _begin;
    private readonly ReadAheadQueue<TileTask>[] _streams;

    /// <param name="shards">Numbers of the tensors of each shard, in the order of the layout.</param>
    /// <param name="begin">Begins the tensor of a number; called once for each, by any thread.</param>
    /// <param name="threads">Number of threads that take tiles.</param>
    /// <param name="depth">Number of tiles whose inputs are requested ahead of time, over all streams.</param>
    /// <param name="backend">Backend that works on the tiles.</param>
    public TileSchedule(
        IEnumerable<IEnumerable<int>> shards, Func<int, TensorGroup> begin, int threads, int depth, IMergeBackend backend)
    {
        _begin = begin;
        int[][] ofShards = [.. shards.Select(shard => shard.ToArray())];
        int count = Math.Max(1, Math.Min(threads, ofShards.Length));
        _streams =
        [
            .. Enumerable.Range(0, count).Select(k =>
                new ReadAheadQueue<TileTask>(
                    Enumerate(ofShards.Where((_, shard) => shard % count == k).SelectMany(shard => shard)),
                    Math.Max(1, depth / count),
                    task => task.Group.WillNeed(task.Pass, task.Index, backend))),
        ];
    }

    /// <summary>Takes the next tile of a thread's stream, or of another stream once that one is exhausted.</summary>
    /// <returns>False if no tile is left.</returns>
    public bool TryTake(int thread, out TileTask task)
    {
        for (int k = 0; k < _streams.Length; k++)
        {
            if (_streams[(thread + k) % _streams.Length].TryTake(out task))
                return true;
        }

        task = default;
        return false;
    }

    /// <summary>Lets a tensor go whose last tile is made.</summary>
    public void Done(TensorGroup tensor)
    {
        lock (_lock)
            _begun.Remove(tensor);
    }

    /// <summary>Releases the cached inputs of tensors that were begun and not finished. No thread takes tiles any more.</summary>
    public void ReleaseAll()
    {
        foreach (TensorGroup tensor in _begun)
            tensor.Release();
    }

    public void Dispose()
    {
        foreach (ReadAheadQueue<TileTask> stream in _streams)
            stream.Dispose();
    }

    private IEnumerable<TileTask> Enumerate(IEnumerable<int> tensors)
    {
        foreach (int number in tensors)
        {
            TensorGroup tensor = _begin(number);
            lock (_lock)
                _begun.Add(tensor);
            for (int pass = 0; pass < tensor.PassCount; pass++)
            {
                for (int index = 0; index < tensor.TilesOf(pass); index++)
                    yield return new TileTask(tensor, index, pass);
            }

            for (int index = 0; index < tensor.TileCount; index++)
                yield return new TileTask(tensor, index, Pass: null);
        }
    }
}
