namespace DemEngine.Memory;

/// <summary>
/// Memory up to a bound, in buffers that are used again for what has the same size: tensors of a model are of few sizes, and a system or a device takes its
/// time to hand out memory and to take it back. For several threads.
/// </summary>
/// <typeparam name="TBuffer">On the host or on a device.</typeparam>
/// <param name="mostBytes">The bound; where it is not positive, there is no memory.</param>
/// <param name="allocate">Makes a buffer of so many bytes.</param>
internal sealed class BufferPool<TBuffer>(long mostBytes, Func<int, TBuffer> allocate) : IDisposable
    where TBuffer : class, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<(TBuffer Buffer, int Length)> _free = [];
    private long _taken;
    private long _peak;

    /// <summary>The most bytes that were taken at a time, those of buffers that wait to be used again among them.</summary>
    public long PeakBytes
    {
        get
        {
            lock (_lock)
                return _peak;
        }
    }

    /// <summary>Rents a buffer, whose contents are undefined.</summary>
    /// <param name="length">Number of bytes.</param>
    /// <returns>Null if there is not as much left.</returns>
    public TBuffer? TryRent(int length)
    {
        lock (_lock)
        {
            int same = _free.FindIndex(free => free.Length == length);
            if (same < 0)
                return TakeWhatIsLeft(length) ? allocate(length) : null;

            TBuffer buffer = _free[same].Buffer;
            _free.RemoveAt(same);
            return buffer;
        }
    }

    /// <summary>Takes a buffer back.</summary>
    /// <param name="buffer">From <see cref="TryRent"/>.</param>
    /// <param name="length">As it was rented.</param>
    public void Return(TBuffer buffer, int length)
    {
        lock (_lock)
            _free.Add((buffer, length));
    }

    /// <summary>Takes so many bytes for something else.</summary>
    /// <returns>False if there is not as much left.</returns>
    public bool TryTake(long bytes)
    {
        lock (_lock)
            return TakeWhatIsLeft(bytes);
    }

    /// <summary>Gives bytes back that were taken by <see cref="TryTake"/>.</summary>
    public void Give(long bytes)
    {
        lock (_lock)
            _taken -= bytes;
    }

    /// <summary>Frees the buffers that were returned.</summary>
    public void Dispose()
    {
        foreach (var (buffer, _) in _free)
            buffer.Dispose();
        _free.Clear();
    }

    /// <summary>Buffers that nobody uses are given up for it, the longest unused first.</summary>
    private bool TakeWhatIsLeft(long bytes)
    {
        for (; bytes > mostBytes - _taken && _free.Count > 0; _free.RemoveAt(0))
        {
            _taken -= _free[0].Length;
            _free[0].Buffer.Dispose();
        }

        if (bytes > mostBytes - _taken)
            return false;
        _taken += bytes;
        _peak = Math.Max(_peak, _taken);
        return true;
    }
}
