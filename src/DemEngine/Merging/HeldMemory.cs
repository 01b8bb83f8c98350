using DemEngine.Memory;

namespace DemEngine.Merging;

/// <summary>What the buffers of the tiles leave of the bound on memory, for <see cref="HeldInputs"/>.</summary>
/// <param name="bytes">So much; none where it is negative.</param>
internal sealed class HeldMemory(long bytes) : IDisposable
{
    private readonly Lock _lock = new();

    /// <summary>Tensors of a model are of few sizes: buffers are used again, since the system takes its time to hand out memory.</summary>
    private readonly List<NativeBuffer> _free = [];

    private long _left = bytes;

    /// <summary>Takes some for other use, if there is as much.</summary>
    public bool TryTake(long wanted)
    {
        lock (_lock)
            return TakeWhatIsLeft(wanted);
    }

    /// <summary>Gives some back.</summary>
    public void Give(long taken)
    {
        lock (_lock)
            _left += taken;
    }

    /// <summary>A buffer of so many bytes; null if there is not as much.</summary>
    public NativeBuffer? TryRent(int wanted)
    {
        lock (_lock)
        {
            int same = _free.FindIndex(free => free.Length == wanted);
            if (same >= 0)
            {
                NativeBuffer buffer = _free[same];
                _free.RemoveAt(same);
                return buffer;
            }

            return TakeWhatIsLeft(wanted) ? new NativeBuffer(wanted) : null;
        }
    }

    /// <summary>Takes a buffer back.</summary>
    public void Return(NativeBuffer buffer)
    {
        lock (_lock)
            _free.Add(buffer);
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _free)
            buffer.Dispose();
        _free.Clear();
    }

    /// <summary>Buffers that nobody uses are given up for it.</summary>
    private bool TakeWhatIsLeft(long wanted)
    {
        for (; wanted > _left && _free.Count > 0; _free.RemoveAt(0))
        {
            _left += _free[0].Length;
            _free[0].Dispose();
        }

        if (wanted > _left)
            return false;
        _left -= wanted;
        return true;
    }
}
