using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>A copy within device memory, whose rate no kernel can exceed.</summary>
internal sealed class DeviceCopy : IDisposable
{
    private readonly AcceleratorStream _stream;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _from;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _to;

    /// <summary>Allocates the source and the target.</summary>
    public DeviceCopy(AcceleratorStream stream, long bytes)
    {
        _stream = stream;
        _from = stream.Accelerator.Allocate1D<byte>(bytes);
        _to = stream.Accelerator.Allocate1D<byte>(bytes);
        _from.View.BaseView.MemSet(stream, 1);
    }

    /// <summary>Enqueues one copy on the stream.</summary>
    public void Launch() => _from.View.BaseView.CopyTo(_stream, _to.View.BaseView);

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
    }
}
