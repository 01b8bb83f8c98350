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

    private readonly ResidentInputs _resident;
    private readonly List<(ResidentInput Input, NativeBytes Part, long At)> _coming = [];
    private readonly AcceleratorStream _stream;
    private readonly NativeBuffer _host;
    private readonly PageLockScope<byte> _lock;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _device;

    /// <summary>Allocates.</summary>
    /// <param name="accelerator">The device.</param>
    /// <param name="bytes">Of each kind of memory.</param>
    /// <param name="resident">What the device keeps of inputs.</param>
    public TileBuffers(Accelerator accelerator, int bytes, ResidentInputs resident)
    {
        _resident = resident;
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

    /// <summary>
    /// Has a part of the inputs, with what lies before them, copied to device memory, from host memory or from where the device keeps them, and the
    /// counts that follow them cleared.
    /// </summary>
    /// <param name="shape">Of the part.</param>
    /// <param name="inputs">Of the tile.</param>
    /// <param name="start">The part's first element.</param>
    /// <param name="count">Number of elements.</param>
    public void CopyIn(TileShape shape, ReadOnlySpan<TypedBytes> inputs, int start, int count)
    {
        // What lies side by side in host memory goes in one copy.
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

    /// <summary>Has a part of host memory copied to the same place of device memory.</summary>
    public void CopyIn(long start, long end)
    {
        if (start == end)
            return;
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
    public void Synchronize()
    {
        _stream.Synchronize();
        foreach (var (resident, part, _) in _coming)
            resident.Came(part);
        _coming.Clear();
    }

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
