namespace DemEngine.Memory;

/// <summary>
/// Blocks of one size, cut from memory that the system keeps in large pages where it can: a request of a disk for a block has one
/// part then, and not one for each small page. Not thread-safe.
/// </summary>
/// <param name="blockBytes">Size of a block, a power of two of at least <see cref="NativeBuffer.Alignment"/>.</param>
/// <param name="most">Maximum number of blocks.</param>
internal sealed class BlockMemory(int blockBytes, int most) : IDisposable
{
    private const int SlabBytes = 8 << 20;

    private readonly List<NativeBuffer> _slabs = [];
    private readonly Stack<NativeBytes> _free = new();
    private int _made;

    /// <summary>Size of a block in bytes.</summary>
    public int BlockBytes => blockBytes;

    /// <summary>Takes a block, whose contents are undefined; null if all are taken.</summary>
    /// <exception cref="DemException">DEM4007 (OutOfMemory).</exception>
    public NativeBytes? TryTake()
    {
        if (_free.Count == 0 && _made < most)
            MakeSlab();
        return _free.TryPop(out NativeBytes block) ? block : null;
    }

    /// <summary>Gives a block back.</summary>
    public void Give(NativeBytes block) => _free.Push(block);

    /// <summary>Frees the memory of all blocks, which nobody uses any more.</summary>
    public void Dispose()
    {
        foreach (NativeBuffer slab in _slabs)
            slab.Dispose();
        _slabs.Clear();
        _free.Clear();
    }

    private void MakeSlab()
    {
        int blocks = Math.Min(Math.Max(1, SlabBytes / blockBytes), most - _made);
        NativeBuffer slab = NativeBuffer.InLargePages(blocks * blockBytes);
        _slabs.Add(slab);
        for (int k = blocks - 1; k >= 0; k--)
            _free.Push(slab.Bytes.Slice(k * blockBytes, blockBytes));
        _made += blocks;
    }
}
