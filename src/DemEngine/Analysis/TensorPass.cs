using DemEngine.Backends;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;

namespace DemEngine.Analysis;

/// <summary>
/// Streaming pass over tensors that writes no output. Threads take tiles in the order of the tensors, while the next tiles are
/// read ahead. Memory is bounded by the tiles.
/// </summary>
internal static class TensorPass
{
    /// <summary>Visits every tile of every tensor.</summary>
    /// <param name="phase">Name of the pass in progress reports.</param>
    /// <param name="tensors">Tensors in the order of their data on disk.</param>
    /// <param name="options">Run options: threads, memory bound, and the I/O mode of the tensors' checkpoints.</param>
    /// <param name="backend">Backend that computes.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    public static void Run(
        string phase,
        IReadOnlyList<PassTensor> tensors,
        RunOptions options,
        IMergeBackend backend,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        var budget = MemoryBudget.For(options.For(backend), tensors.Select(tensor => tensor.Demand));
        TileSize size = budget.Tile;
        VisitedTensor[] visited = [.. tensors.Select(tensor => new VisitedTensor(tensor, size.Bytes))];
        long total = tensors.Sum(tensor => tensor.Count * tensor.ElementBytes);
        var done = new OrderedProgress(progress, phase, total);

        using var tiles = new ReadAheadQueue<(VisitedTensor Tensor, int Index)>(
            visited.SelectMany(tensor => Enumerable.Range(0, tensor.TileCount).Select(index => (tensor, index))),
            ReadAheadQueue<VisitedTensor>.DepthFor(size.Bytes),
            tile => tile.Tensor.WillNeed(tile.Index));
        WorkerThreads.Run(
            (int)Math.Clamp(visited.Sum(tensor => (long)tensor.TileCount), 1, size.Threads),
            (_, stop) =>
            {
                using var workspace = new TileWorkspace(backend, outputs: 0, outputBytes: 0, budget.InputBytesPerThread);
                while (!stop.IsCancellationRequested && tiles.TryTake(out (VisitedTensor Tensor, int Index) tile))
                {
                    long elements = tile.Tensor.Visit(tile.Index, workspace);
                    PassTensor tensor = tile.Tensor.Tensor;
                    done.Add(tensor.Name, elements * tensor.ElementBytes);
                }
            },
            cancel);
    }

    /// <summary>A tensor, its tiles, and how many of them are left.</summary>
    private sealed class VisitedTensor
    {
        private int _tilesLeft;

        public VisitedTensor(PassTensor tensor, int tileBytes)
        {
            Tensor = tensor;

            // It is a whole number of leaves of a Gram matrix, and, with one input, of a hash.
            TileElements = tileBytes / tensor.WidestSize;

            // An empty tensor has one empty tile, so that it is finished like any other.
            TileCount = checked((int)Math.Max(1, (tensor.Count + TileElements - 1) / TileElements));
            _tilesLeft = TileCount;
        }

        public PassTensor Tensor { get; }

        public int TileElements { get; }

        public int TileCount { get; }

        public void WillNeed(int index)
        {
            var (from, count) = RangeOf(index);
            foreach (TensorReader input in Tensor.Inputs)
                input.WillNeed(from, count);
        }

        /// <summary>Visits a tile, and finishes the tensor after the last one.</summary>
        /// <returns>The number of elements in the tile.</returns>
        public int Visit(int index, TileWorkspace workspace)
        {
            var (from, count) = RangeOf(index);
            workspace.StartTile();
            Tensor.Visit(index, from, count, workspace);
            if (Interlocked.Decrement(ref _tilesLeft) == 0)
                Tensor.Finish();
            return count;
        }

        private (long From, int Count) RangeOf(int index)
        {
            long start = (long)index * TileElements;
            return (Tensor.First + start, (int)Math.Min(TileElements, Tensor.Count - start));
        }
    }
}
