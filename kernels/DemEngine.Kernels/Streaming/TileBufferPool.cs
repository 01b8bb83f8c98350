using System.Collections.Concurrent;
using DemEngine.Kernels.Devices;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// A pool of a device's buffers, whose number and size keep their total below the limit. Workers borrow a buffer for one part of
/// a tile, and wait if none is free. With three or more in use, copies in, kernels and copies out overlap.
/// </summary>
internal sealed class TileBufferPool : IDisposable
{
    private const long MaxBytes = 16 << 20;
    private const int Most = 16;

    // The minimum number of buffers, as long as each has a megabyte.
    private const int Few = 4;

    private readonly Accelerator _accelerator;
    private readonly ConcurrentBag<TileBuffers> _free = [];
    private readonly SemaphoreSlim _places;
    private long _allocated;
    private long _leftToProcessor;

    /// <summary>
    /// Divides the memory. Nothing is allocated before it is needed. The memory that the buffers leave is for resident inputs.
    /// </summary>
    public TileBufferPool(Accelerator accelerator, long maxBytes)
    {
        _accelerator = accelerator;
        int few = (int)Math.Clamp(maxBytes >> 20, 1, Few);
        int count = (int)Math.Clamp(maxBytes / MaxBytes, few, Most);
        BufferBytes = (int)Math.Min(maxBytes / count, MaxBytes) & ~0xFFF;
        _places = new SemaphoreSlim(count);
        Resident = new ResidentInputs(accelerator, maxBytes - ((long)count * BufferBytes));
    }

    /// <summary>Size of each buffer in bytes.</summary>
    public int BufferBytes { get; }

    /// <summary>The inputs that stay in device memory.</summary>
    public ResidentInputs Resident { get; }

    /// <summary>Peak of device memory taken by buffers and resident inputs, in bytes.</summary>
    public long PeakBytes => Volatile.Read(ref _allocated) + Resident.PeakBytes;

    /// <summary>Number of operations that did not fit a buffer, and that the processor did.</summary>
    public long LeftToProcessor => Volatile.Read(ref _leftToProcessor);

    /// <summary>Counts an operation that the processor does.</summary>
    public void NoteLeftToProcessor() => Interlocked.Increment(ref _leftToProcessor);

    /// <summary>
    /// Borrows a buffer, and waits until one is free. The device is the one that this thread works on until the loan is returned.
    /// </summary>
    public Loan Rent() => new(this);

    private TileBuffers Take()
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

    /// <summary>A borrowed buffer for one part, which goes back to the pool when this is disposed.</summary>
    internal readonly ref struct Loan : IDisposable
    {
        private readonly TileBufferPool _pool;
        private readonly BoundContext _context;

        public Loan(TileBufferPool pool)
        {
            _pool = pool;
            _context = new BoundContext(pool._accelerator);
            try
            {
                Buffers = pool.Take();
            }
            catch
            {
                _context.Dispose();
                throw;
            }
        }

        public TileBuffers Buffers { get; }

        public void Dispose()
        {
            _pool._free.Add(Buffers);
            _pool._places.Release();
            _context.Dispose();
        }
    }
}
