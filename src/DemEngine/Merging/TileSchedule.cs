namespace DemEngine.Merging;

/// <summary>A tile to be measured or made.</summary>
internal readonly record struct TileTask(TensorProgress Tensor, int Index, bool IsMeasurement);

/// <summary>
/// Hands out the tiles of all tensors in the order in which they lie on disk, first those to be measured and then those to be made, tensor
/// after tensor; and has the inputs of tiles further on read ahead.
/// </summary>
internal sealed class TileSchedule : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<TileTask> _ahead = new();
    private readonly IEnumerator<TileTask> _tasks;
    private readonly int _depth;

    /// <param name="tensors">In order.</param>
    /// <param name="depth">How many tiles ahead inputs are asked for.</param>
    public TileSchedule(IEnumerable<TensorProgress> tensors, int depth)
    {
        _tasks = Enumerate(tensors).GetEnumerator();
        _depth = depth;
    }

    /// <summary>Takes the next tile.</summary>
    /// <returns>False if there is none left.</returns>
    public bool TryTake(out TileTask task)
    {
        lock (_lock)
        {
            while (_ahead.Count <= _depth && _tasks.MoveNext())
            {
                _ahead.Enqueue(_tasks.Current);
                WillNeed(_tasks.Current);
            }

            return _ahead.TryDequeue(out task);
        }
    }

    public void Dispose() => _tasks.Dispose();

    private static IEnumerable<TileTask> Enumerate(IEnumerable<TensorProgress> tensors)
    {
        foreach (TensorProgress tensor in tensors)
        {
            for (int index = 0; index < tensor.MeasuredTileCount; index++)
                yield return new TileTask(tensor, index, IsMeasurement: true);
            for (int index = 0; index < tensor.TileCount; index++)
                yield return new TileTask(tensor, index, IsMeasurement: false);
        }
    }

    private static void WillNeed(TileTask task)
    {
        OutputTensor tensor = task.Tensor.Tensor;
        var (first, count) = task.Tensor.Tile(task.Index, task.IsMeasurement ? tensor.MeasuredElements : tensor.Spec.Shape.ElementCount);
        tensor.WillNeed(first, count);
    }
}
