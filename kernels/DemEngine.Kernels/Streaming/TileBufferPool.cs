using System.Collections.Concurrent;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// The buffers of a device, so few and of such a size that all of them stay below the limit. Workers borrow them for one part of a tile;
/// one that finds none waits. With three and more under way, copies in, kernels and copies out overlap.
/// </summary>
internal sealed class TileBufferPool : IDisposable
{
    private const long MostBytes = 16 << 20;
    private const int Most = 16;

    private readonly Accelerator _accelerator;
    private readonly ConcurrentBag<TileBuffers> _free = [];
    private readonly SemaphoreSlim _places;

    /// <summary>Divides the memory; nothing is allocated before it is needed.</summary>
    public TileBufferPool(Accelerator accelerator, long maxBytes)
    {
        _accelerator = accelerator;
        int count = (int)Math.Clamp(maxBytes / MostBytes, 1, Most);
        BufferBytes = (int)Math.Min(maxBytes / count, MostBytes) & ~0xFFF;
        _places = new SemaphoreSlim(count);
    }

    /// <summary>Size of each.</summary>
    public int BufferBytes { get; }

    /// <summary>Waits for buffers.</summary>
    public TileBuffers Rent()
    {
        _places.Wait();
        try
        {
            return _free.TryTake(out TileBuffers? buffers) ? buffers : new TileBuffers(_accelerator, BufferBytes);
        }
        catch
        {
            _places.Release();
            throw;
        }
    }

    /// <summary>Gives buffers back.</summary>
    public void Return(TileBuffers buffers)
    {
        _free.Add(buffers);
        _places.Release();
    }

    public void Dispose()
    {
        while (_free.TryTake(out TileBuffers? buffers))
            buffers.Dispose();
        _places.Dispose();
    }
}
