using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>A kernel with tensors to run on, ready to be launched again and again.</summary>
/// <param name="bytesPerElement">Read and written.</param>
/// <param name="tensors">What it runs on; disposed with this.</param>
/// <param name="stream">Where it is launched; disposed with this.</param>
/// <param name="launch">Launches it once.</param>
internal sealed class KernelCase(int bytesPerElement, DeviceTensors tensors, AcceleratorStream stream, Action launch) : IDisposable
{
    public int BytesPerElement => bytesPerElement;

    /// <summary>Bytes that a launch reads and writes.</summary>
    public long Bytes => (long)bytesPerElement * tensors.Elements;

    public AcceleratorStream Stream => stream;

    /// <summary>Asks for one launch.</summary>
    public void Launch() => launch();

    public void Dispose()
    {
        tensors.Dispose();
        stream.Dispose();
    }
}
