using DemEngine.Backends;
using DemEngine.Diagnostics;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// The main loop. Each thread takes a tile, reads, computes, hashes and writes it, so that reading, computing and writing of
/// different tiles overlap. A tile's result is written while it is still in that core's cache.
/// </summary>
internal static class TilePipeline
{
    /// <summary>Computes and writes all tensors.</summary>
    /// <param name="schedule">Hands out the tiles.</param>
    /// <param name="budget">Tile size, number of threads, and the memory of their buffers and of the input cache.</param>
    /// <param name="backend">Backend that computes the tiles.</param>
    /// <param name="tileDone">Callback after every tile; it receives the tile and the number of bytes read and written.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    public static void Run(
        TileSchedule schedule,
        MemoryBudget budget,
        IMergeBackend backend,
        Action<TileTask, long> tileDone,
        CancellationToken cancel)
    {
        TileSize tile = budget.Tile;
        using var held = new BufferPool<NativeBuffer>(budget.CacheBytes, length => new NativeBuffer(length));
        try
        {
            WorkerThreads.Run(
                tile.Threads,
                (thread, stop) =>
                {
                    using var workspace = new TileWorkspace(backend, tile.Outputs, tile.Bytes, budget.InputBytesPerThread);
                    while (!stop.IsCancellationRequested && schedule.TryTake(thread, out TileTask task))
                    {
                        workspace.StartTile(task.Group.Hold(held, backend));
                        if (task.Pass is { } pass)
                            task.Group.Measure(pass, task.Index, workspace, stop);
                        else if (task.Group.Make(task.Index, workspace, stop))
                            schedule.Done(task.Group);
                        long bytes = TileBytes(task);
                        EngineMetrics.TileDone(task.Pass is not null, bytes);
                        tileDone(task, bytes);
                    }
                },
                cancel);
        }
        finally
        {
            schedule.ReleaseAll();
        }
    }

    /// <summary>Number of bytes that a tile reads and writes.</summary>
    private static long TileBytes(TileTask task)
    {
        var (_, count) = task.Elements;
        int written = task.Pass is null ? task.Group.Members.Length * task.Group.Place.Spec.Type.Size : 0;
        return count * (task.Group.ElementBytes(task.Pass) + written);
    }
}
