using System.Diagnostics.CodeAnalysis;

namespace DemEngine.Memory;

/// <summary>
/// Tasks that threads take in order, while the inputs of the next ones are requested ahead of time. Merging, statistics over
/// several tensors and analysis all take their tiles from it. Thread-safe.
/// </summary>
/// <typeparam name="T">Type of a task, such as a tile.</typeparam>
/// <param name="tasks">Tasks, in the order in which they are handed out.</param>
/// <param name="depth">Number of tasks whose inputs are requested before they are taken; at least one.</param>
/// <param name="willNeed">Callback that requests a task's inputs; called once for each task, by any thread.</param>
internal sealed class ReadAheadQueue<T>(IEnumerable<T> tasks, int depth, Action<T> willNeed) : IDisposable
{
    // Enough to keep a disk busy, little enough not to push out of the page cache what is still needed.
    private const int ReadAheadBytes = 32 << 20;

    private readonly Lock _lock = new();
    private readonly IEnumerator<T> _tasks = tasks.GetEnumerator();
    private readonly Queue<T> _ahead = new();

    /// <summary>Number of tiles to request ahead of time.</summary>
    /// <param name="tileBytes">Size of a tile in bytes.</param>
    public static int DepthFor(int tileBytes) => Math.Max(1, ReadAheadBytes / tileBytes);

    /// <summary>Takes the next task.</summary>
    /// <param name="task">The task.</param>
    /// <returns>False if no task is left.</returns>
    public bool TryTake([MaybeNullWhen(false)] out T task)
    {
        // The request may wait for the disk, and other threads must not wait for it.
        List<T>? requested = null;
        bool isThere;
        lock (_lock)
        {
            while (_ahead.Count <= depth && _tasks.MoveNext())
            {
                _ahead.Enqueue(_tasks.Current);
                (requested ??= []).Add(_tasks.Current);
            }

            isThere = _ahead.TryDequeue(out task);
        }

        foreach (T one in requested ?? [])
            willNeed(one);
        return isThere;
    }

    public void Dispose() => _tasks.Dispose();
}
