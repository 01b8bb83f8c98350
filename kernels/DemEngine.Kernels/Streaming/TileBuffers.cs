using DemEngine.Kernels.Elements;
using DemEngine.Memory;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace DemEngine.Kernels.Streaming;

/// <summary>A stream of its own, a buffer of device memory, and as much host memory, page-locked where the device can use that.</summary>
internal sealed class TileBuffers : IDisposable
{
    /// <summary>In these units kernels count where tensors lie.</summary>
    public const int WordBytes = 16;

    private readonly AcceleratorStream _stream;
    private readonly NativeBuffer _host;
    private readonly PageLockScope<byte> _lock;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _device;

    /// <summary>Allocates.</summary>
    public TileBuffers(Accelerator accelerator, int bytes)
    {
        // The likeliest to fail first.
        _device = accelerator.Allocate1D<byte>(bytes);
        try
        {
            _host = new NativeBuffer(bytes);
            _lock = accelerator.CreatePageLockFromPinned<byte>(_host.Bytes.Address, bytes);
            _stream = accelerator.CreateStream();
        }
        catch
        {
            _lock?.Dispose();
            _host?.Dispose();
            _device.Dispose();
            throw;
        }
    }

    /// <summary>What the kernels are launched on.</summary>
    public AcceleratorStream Stream => _stream;

    /// <summary>Host memory.</summary>
    public Span<byte> Host(long start, long length) => _host.Bytes.Span.Slice((int)start, (int)length);

    /// <summary>Device memory.</summary>
    public ArrayView<T> Device<T>(long start, long length)
        where T : unmanaged => _device.View.BaseView.SubView(start, length).Cast<T>();

    /// <summary>Device memory as kernels read tensors.</summary>
    public ArrayView<Words4> Tensors(long start, long end) => Device<Words4>(start, end - start);

    /// <summary>An input as it was copied in.</summary>
    public ArrayView<Words4> Input(TileShape shape, int input, int count)
    {
        long from = shape.InputAt(input, count);
        return Tensors(from, from + TileShape.Stride(shape.Types[input], count));
    }

    /// <summary>All inputs, of one type.</summary>
    public ArrayView<Words4> KernelInputs(TileShape shape, int count)
    {
        long from = shape.KernelInputsAt(count);
        return Tensors(from, from + (shape.Types.Length * TileShape.Stride(shape.Common, count)));
    }

    /// <summary>Has a part of host memory copied to the same place of device memory.</summary>
    public void CopyIn(long start, long end)
    {
        using CPUMemoryBuffer part = HostPart(start, end - start);
        _device.View.BaseView.SubView(start, end - start).CopyFrom(_stream, part.AsRawArrayView());
    }

    /// <summary>Has a part of device memory copied to the same place of host memory.</summary>
    public void CopyOut(long start, long end)
    {
        using CPUMemoryBuffer part = HostPart(start, end - start);
        _device.View.BaseView.SubView(start, end - start).CopyTo(_stream, part.AsRawArrayView());
    }

    /// <summary>Has a part of device memory set to 0.</summary>
    public void Clear(long start, long end) => _device.View.BaseView.SubView(start, end - start).MemSetToZero(_stream);

    /// <summary>Waits for all that was asked of the stream.</summary>
    public void Synchronize() => _stream.Synchronize();

    public void Dispose()
    {
        _device.Dispose();
        _lock.Dispose();
        _host.Dispose();
        _stream.Dispose();
    }

    // Owns nothing. Of the part alone, as copies to OpenCL go by the length of the whole buffer.
    private CPUMemoryBuffer HostPart(long start, long length) =>
        CPUMemoryBuffer.Create(_device.Accelerator, _lock.AddrOfLockedObject + (nint)start, length, elementSize: 1);
}
