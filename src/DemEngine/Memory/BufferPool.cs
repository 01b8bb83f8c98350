namespace DemEngine.Memory;

/// <summary>
/// Pool of memory up to a bound, in buffers that are used again for requests of the same size. The tensors of a model have few
/// distinct sizes, and it takes a system or a device time to allocate and free memory. Thread-safe.
/// </summary>
/// <typeparam name="TBuffer">Type of the buffers, on the host or on a device.</typeparam>
/// <param name="mostBytes">Maximum number of bytes in use at a time; where it is not positive, there is no memory.</param>
/// <param name="allocate">Function that allocates a buffer of the given number of bytes.</param>
internal sealed class BufferPool<TBuffer>(long mostBytes, Func<int, TBuffer> allocate) : IDisposable
    where TBuffer : class, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<(TBuffer Buffer, int Length)> _free = [];
    private long _taken;
    private long _peak;

    /// <summary>Peak number of bytes in use, including buffers that wait to be used again.</summary>
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
    /// <returns>Buffer of that length; null if too few bytes are left.</returns>
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

    /// <summary>Returns a buffer to the pool.</summary>
    /// <param name="buffer">Buffer that <see cref="TryRent"/> returned.</param>
    /// <param name="length">Number of bytes for which the buffer was rented.</param>
    public void Return(TBuffer buffer, int length)
    {
        lock (_lock)
            _free.Add((buffer, length));
    }

    /// <summary>Reserves a number of bytes for another use.</summary>
    /// <returns>False if too few bytes are left.</returns>
    public bool TryTake(long bytes)
    {
        lock (_lock)
            return TakeWhatIsLeft(bytes);
    }

    /// <summary>Releases bytes that <see cref="TryTake"/> reserved.</summary>
    public void Give(long bytes)
    {
        lock (_lock)
            _taken -= bytes;
    }

    /// <summary>Frees the buffers that have been returned to the pool.</summary>
    public void Dispose()
    {
        foreach (var (buffer, _) in _free)
            buffer.Dispose();
        _free.Clear();
    }

    /// <summary>Reserves bytes, freeing unused buffers for them if needed, the longest unused first.</summary>
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
