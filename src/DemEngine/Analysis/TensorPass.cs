using DemEngine.Backends;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>
/// Streaming pass over tensors that writes no output. Threads take tiles in the order of the tensors, while the next tiles are
/// read ahead. Memory is bounded by the tiles.
/// </summary>
internal sealed class TensorPass
{
    private const int ReadAheadBytes = 32 << 20;

    private readonly IReadOnlyList<PassTensor> _tensors;
    private readonly TileSize _tile;
    private readonly long _inputBytes;
    private readonly long[] _firstTile;
    private readonly int[] _tilesLeft;
    private readonly int _depth;
    private long _taken;

    private TensorPass(IReadOnlyList<PassTensor> tensors, RunOptions options)
    {
        _tensors = tensors;
        _tile = TileSize.Choose(options, tensors.Select(tensor => InputCost.Of(tensor.Inputs).Buffers).DefaultIfEmpty().Max());
        _depth = Math.Max(1, ReadAheadBytes / _tile.Bytes);
        _inputBytes = tensors
            .Select(tensor => (long)TileElements(tensor) * InputCost.Of(tensor.Inputs).BufferElementBytes)
            .DefaultIfEmpty()
            .Max();

        _firstTile = new long[tensors.Count + 1];
        _tilesLeft = new int[tensors.Count];
        for (int t = 0; t < tensors.Count; t++)
        {
            // An empty tensor has one empty tile, so that it is finished like any other.
            _tilesLeft[t] = checked((int)Math.Max(
                1,
                (tensors[t].Count + TileElements(tensors[t]) - 1) / TileElements(tensors[t])));
            _firstTile[t + 1] = _firstTile[t] + _tilesLeft[t];
        }
    }

    private long TileCount => _firstTile[^1];

    /// <summary>Visits every tile of every tensor.</summary>
    /// <param name="phase">Name of the pass in progress reports.</param>
    /// <param name="tensors">Tensors in the order of their data on disk.</param>
    /// <param name="options">Run options: threads, memory bound, and the I/O mode of the tensors' checkpoints.</param>
    /// <param name="backend">Backend that computes.</param>
    /// <param name="progress">Progress callback; called often and from any thread.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    public static void Run(
        string phase,
        IReadOnlyList<PassTensor> tensors,
        RunOptions options,
        IMergeBackend backend,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        var pass = new TensorPass(tensors, options.For(backend));
        long total = tensors.Sum(tensor => tensor.Count * tensor.ElementBytes);
        long done = 0;
        for (long tile = 0; tile < Math.Min(pass._depth, pass.TileCount); tile++)
            pass.WillNeed(tile);

        WorkerThreads.Run(
            (int)Math.Clamp(pass.TileCount, 1, pass._tile.Threads),
            (_, stop) =>
            {
                using var workspace = new TileWorkspace(backend, outputs: 0, outputBytes: 0, pass._inputBytes);
                while (!stop.IsCancellationRequested && pass.TryVisitNext(workspace, out PassTensor? tensor, out int elements))
                    progress?.Invoke(new RunProgress(
                        phase,
                        Interlocked.Add(ref done, (long)elements * tensor!.ElementBytes),
                        total,
                        tensor.Name));
            },
            cancel);
    }

    private bool TryVisitNext(TileWorkspace workspace, out PassTensor? tensor, out int elements)
    {
        long tile = Interlocked.Increment(ref _taken) - 1;
        tensor = null;
        elements = 0;
        if (tile >= TileCount)
            return false;
        if (tile + _depth < TileCount)
            WillNeed(tile + _depth);

        var (t, index, from, count) = Locate(tile);
        (tensor, elements) = (_tensors[t], count);
        workspace.StartTile();
        tensor.Visit(index, from, count, workspace);
        if (Interlocked.Decrement(ref _tilesLeft[t]) == 0)
            tensor.Finish();
        return true;
    }

    private void WillNeed(long tile)
    {
        var (t, _, from, count) = Locate(tile);
        foreach (TensorReader input in _tensors[t].Inputs)
            input.WillNeed(from, count);
    }

    private (int Tensor, int Index, long From, int Count) Locate(long tile)
    {
        int t = Array.BinarySearch(_firstTile, tile);
        t = t < 0 ? ~t - 1 : t;
        PassTensor tensor = _tensors[t];
        int index = (int)(tile - _firstTile[t]);
        long start = (long)index * TileElements(tensor);
        return (t, index, tensor.First + start, (int)Math.Min(TileElements(tensor), tensor.Count - start));
    }

    /// <summary>
    /// Number of elements in a tile, so that the widest input fills it. It is a whole number of leaves of a Gram matrix, and, if
    /// there is one input, of a hash.
    /// </summary>
    private int TileElements(PassTensor tensor) => _tile.Bytes / tensor.Inputs.Max(input => input.Spec.Type.Size);
}
