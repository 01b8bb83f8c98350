namespace DemEngine.Merging;

/// <summary>What the buffers of the tiles leave of the bound on memory, for <see cref="HeldInputs"/>.</summary>
/// <param name="bytes">So much; none where it is negative.</param>
internal sealed class HeldMemory(long bytes)
{
    private long _left = bytes;

    /// <summary>Takes some, if there is as much.</summary>
    public bool TryTake(long wanted)
    {
        for (long left = Volatile.Read(ref _left); wanted <= left;)
        {
            long found = Interlocked.CompareExchange(ref _left, left - wanted, left);
            if (found == left)
                return true;
            left = found;
        }

        return false;
    }

    /// <summary>Gives some back.</summary>
    public void Give(long taken) => Interlocked.Add(ref _left, taken);
}
