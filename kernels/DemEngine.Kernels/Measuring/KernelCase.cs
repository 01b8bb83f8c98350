using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>A kernel with tensors to run on, ready to be launched again and again.</summary>
/// <param name="bytesPerElement">Bytes that a launch reads and writes per element.</param>
/// <param name="tensors">Tensors on which the kernel runs; disposed with this object.</param>
/// <param name="stream">Stream on which the kernel is launched; disposed with this object.</param>
/// <param name="launch">Callback that enqueues one launch.</param>
internal sealed class KernelCase(int bytesPerElement, DeviceTensors tensors, AcceleratorStream stream, Action launch)
    : IDisposable
{
    public int BytesPerElement => bytesPerElement;

    /// <summary>Number of bytes that a launch reads and writes.</summary>
    public long Bytes => (long)bytesPerElement * tensors.Elements;

    public AcceleratorStream Stream => stream;

    /// <summary>Enqueues one launch on the stream.</summary>
    public void Launch() => launch();

    public void Dispose()
    {
        tensors.Dispose();
        stream.Dispose();
    }
}
