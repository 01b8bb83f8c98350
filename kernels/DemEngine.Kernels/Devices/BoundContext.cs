using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace DemEngine.Kernels.Devices;

/// <summary>
/// Makes a device's context the current one of this thread, and afterwards the one that was current before.
/// </summary>
/// <remarks>
/// A thread has one current context, and other libraries in the process, such as Torch, set theirs. ILGPU remembers which one it
/// set last, and does not ask the driver whether that is still so. So every piece of work on a device begins by setting it. Other
/// libraries do not ask either, and would allocate in this context if it stayed.
/// </remarks>
internal readonly ref partial struct BoundContext : IDisposable
{
    private readonly nint _previous;
    private readonly bool _hasChanged;

    /// <summary>Binds the context; devices other than CUDA's have none.</summary>
    public BoundContext(Accelerator accelerator)
    {
        if (accelerator is not CudaAccelerator cuda)
            return;
        _previous = Current();
        _hasChanged = _previous != cuda.NativePtr;
        if (_hasChanged)
            CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.SetCurrentContext(cuda.NativePtr));
        accelerator.Bind();
    }

    private BoundContext(nint previous)
    {
        _previous = previous;
        _hasChanged = true;
    }

    /// <summary>Leaves the current context alone for now, and sets it again afterwards, whatever is done until then.</summary>
    public static BoundContext Keep(Device device) => device is CudaDevice ? new BoundContext(Current()) : default;

    public void Dispose()
    {
        // Where the device was lost, the driver may refuse. That has been reported by whatever noticed it.
        if (_hasChanged)
            _ = CudaAPI.CurrentAPI.SetCurrentContext(_previous);
    }

    private static nint Current()
    {
        CudaException.ThrowIfFailed((CudaError)GetCurrent(out nint context));
        return context;
    }

    [LibraryImport(DeviceLibraries.Cuda, EntryPoint = "cuCtxGetCurrent")]
    private static partial int GetCurrent(out nint context);
}
