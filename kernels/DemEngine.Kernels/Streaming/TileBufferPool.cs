using System.Collections.Concurrent;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// The buffers of a device, so few and of such a size that all of them stay below the limit. Workers borrow them for one part of a tile;
/// one that finds none waits. With three and more under way, copies in, kernels and copies out overlap.
/// </summary>
internal sealed class TileBufferPool : IDisposable
{
    private const long MaxBytes = 16 << 20;
    private const int Most = 16;

    // As long as each has a megabyte.
    private const int Few = 4;

    private readonly Accelerator _accelerator;
    private readonly ConcurrentBag<TileBuffers> _free = [];
    private readonly SemaphoreSlim _places;
    private long _allocated;

    /// <summary>Divides the memory; nothing is allocated before it is needed. What the buffers leave is for inputs that are needed again.</summary>
    public TileBufferPool(Accelerator accelerator, long maxBytes)
    {
        _accelerator = accelerator;
        int few = (int)Math.Clamp(maxBytes >> 20, 1, Few);
        int count = (int)Math.Clamp(maxBytes / MaxBytes, few, Most);
        BufferBytes = (int)Math.Min(maxBytes / count, MaxBytes) & ~0xFFF;
        _places = new SemaphoreSlim(count);
        Resident = new ResidentInputs(accelerator, maxBytes - ((long)count * BufferBytes));
    }

    /// <summary>Size of each.</summary>
    public int BufferBytes { get; }

    /// <summary>What the device keeps of inputs.</summary>
    public ResidentInputs Resident { get; }

    /// <summary>The most device memory that was taken at a time.</summary>
    public long PeakBytes => Volatile.Read(ref _allocated) + Resident.PeakBytes;

    /// <summary>Waits for buffers.</summary>
    public TileBuffers Rent()
    {
        _places.Wait();
        try
        {
            return _free.TryTake(out TileBuffers? buffers) ? buffers : Allocate();
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

    private TileBuffers Allocate()
    {
        var buffers = new TileBuffers(_accelerator, BufferBytes, Resident);
        Interlocked.Add(ref _allocated, BufferBytes);
        return buffers;
    }

    public void Dispose()
    {
        while (_free.TryTake(out TileBuffers? buffers))
            buffers.Dispose();
        Resident.Dispose();
        _places.Dispose();
    }
}
