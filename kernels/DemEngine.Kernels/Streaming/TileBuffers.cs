using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Elements;
using DemEngine.Memory;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// A buffer of device memory with its own stream and as much host memory, which is page-locked where the device supports it.
/// </summary>
internal sealed class TileBuffers : IDisposable
{
    /// <summary>Unit in bytes in which kernels count positions of tensors.</summary>
    public const int WordBytes = 16;

    private readonly ResidentInputs _resident;
    private readonly List<(ResidentInput Input, NativeBytes Part, long At)> _coming = [];
    private readonly AcceleratorStream _stream;
    private readonly NativeBuffer _host;
    private readonly PageLockScope<byte>? _lock;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _device;

    /// <summary>Allocates both memories and the stream.</summary>
    /// <param name="accelerator">Device of the buffer.</param>
    /// <param name="bytes">Size of each of the two memories in bytes.</param>
    /// <param name="resident">The inputs that stay in device memory.</param>
    public TileBuffers(Accelerator accelerator, int bytes, ResidentInputs resident)
    {
        _resident = resident;
        // Device memory is the likeliest to run out, so it is allocated first.
        _device = accelerator.Allocate1D<byte>(bytes);
        try
        {
            _host = new NativeBuffer(bytes);
            _lock = TryLock(accelerator, _host.Bytes.Address, bytes);
            _stream = accelerator.CreateStream();
        }
        catch
        {
            DeviceFault.Free(_lock);
            _host?.Dispose();
            DeviceFault.Free(_device);
            throw;
        }
    }

    /// <summary>Whether the host memory is page-locked, so that copies need no step between.</summary>
    public bool IsLocked => _lock is not null;

    /// <summary>The stream on which copies and kernels are enqueued.</summary>
    public AcceleratorStream Stream => _stream;

    /// <summary>A range of the host memory, in bytes.</summary>
    public Span<byte> Host(long start, long length) => _host.Bytes.Span.Slice((int)start, (int)length);

    /// <summary>A range of the device memory, in bytes.</summary>
    public ArrayView<T> Device<T>(long start, long length)
        where T : unmanaged => _device.View.BaseView.SubView(start, length).Cast<T>();

    /// <summary>A range of the device memory in the form in which kernels read tensors.</summary>
    public ArrayView<Words4> Tensors(long start, long end) => Device<Words4>(start, end - start);

    /// <summary>Device memory of one input, in the type in which it was copied in.</summary>
    public ArrayView<Words4> Input(TileShape shape, int input, int count)
    {
        long from = shape.InputAt(input, count);
        return Tensors(from, from + TileShape.Stride(shape.Types[input], count));
    }

    /// <summary>Device memory of all inputs, in the one type that the kernel reads.</summary>
    public ArrayView<Words4> KernelInputs(TileShape shape, int count)
    {
        long from = shape.KernelInputsAt(count);
        return Tensors(from, from + (shape.Types.Length * TileShape.Stride(shape.Common, count)));
    }

    /// <summary>
    /// Enqueues the copies of a part's inputs, and of the data before them, to device memory. Inputs come from host memory, or
    /// from their resident copies. The counts that follow the inputs are cleared.
    /// </summary>
    /// <param name="shape">Layout of the part.</param>
    /// <param name="inputs">Inputs of the whole tile.</param>
    /// <param name="start">Index in the tile of the part's first element.</param>
    /// <param name="count">Number of elements in the part.</param>
    public void CopyIn(TileShape shape, ReadOnlySpan<TypedBytes> inputs, int start, int count)
    {
        // Data that is contiguous in host memory goes in one copy.
        long from = 0;
        long to = shape.InputsAt;
        _coming.Clear();
        for (int k = 0; k < inputs.Length; k++)
        {
            NativeBytes part = inputs[k].Slice(start, count).Bytes;
            long at = shape.InputAt(k, count);
            ResidentInput? resident = _resident.Of(part);
            if (resident?.Has(part) == true)
            {
                CopyIn(from, to);
                Device<byte>(at, part.Length).CopyFrom(_stream, resident.Place(part));
                from = shape.InputAt(k + 1, count);
            }
            else
            {
                part.Span.CopyTo(Host(at, part.Length));
                _resident.NoteFromHost(part.Length);
                if (resident is not null)
                    _coming.Add((resident, part, at));
            }

            to = shape.InputAt(k + 1, count);
        }

        Host(to, TileShape.CountBytes).Clear();
        CopyIn(from, to + TileShape.CountBytes);
        foreach (var (resident, part, at) in _coming)
            resident.Place(part).CopyFrom(_stream, Device<byte>(at, part.Length));
    }

    /// <summary>Enqueues a copy of a range of host memory to the same range of device memory.</summary>
    public void CopyIn(long start, long end)
    {
        if (start == end)
            return;
        using CPUMemoryBuffer part = HostPart(start, end - start);
        _device.View.BaseView.SubView(start, end - start).CopyFrom(_stream, part.AsRawArrayView());
    }

    /// <summary>Enqueues a copy of a range of device memory to the same range of host memory.</summary>
    public void CopyOut(long start, long end)
    {
        using CPUMemoryBuffer part = HostPart(start, end - start);
        _device.View.BaseView.SubView(start, end - start).CopyTo(_stream, part.AsRawArrayView());
    }

    /// <summary>Enqueues clearing a range of device memory to 0.</summary>
    public void Clear(long start, long end) => _device.View.BaseView.SubView(start, end - start).MemSetToZero(_stream);

    /// <summary>Waits until the stream has done all enqueued work.</summary>
    public void Synchronize()
    {
        _stream.Synchronize();
        foreach (var (resident, part, _) in _coming)
            resident.Came(part);
        _coming.Clear();
    }

    public void Dispose()
    {
        // The stream first: what it still does, it does with the memory.
        DeviceFault.Free(_stream);
        DeviceFault.Free(_device);
        DeviceFault.Free(_lock);
        _host.Dispose();
    }

    /// <summary>
    /// Page-locks host memory; null where the system refuses that, as containers with a limit on locked memory do. The driver
    /// then copies in steps, which is slower and gives the same bytes.
    /// </summary>
    private static PageLockScope<byte>? TryLock(Accelerator accelerator, nint address, int bytes)
    {
        try
        {
            return accelerator.CreatePageLockFromPinned<byte>(address, bytes);
        }
        catch (Exception e) when (DeviceFault.Is(e))
        {
            return null;
        }
    }

    // The view owns no memory. It covers this part only, as copies to OpenCL go by the length of the whole buffer.
    private CPUMemoryBuffer HostPart(long start, long length) =>
        CPUMemoryBuffer.Create(_device.Accelerator, _host.Bytes.Address + (nint)start, length, elementSize: 1);
}
