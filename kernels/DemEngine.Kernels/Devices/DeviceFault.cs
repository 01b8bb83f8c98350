using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace DemEngine.Kernels.Devices;

/// <summary>Translates ILGPU's exceptions to the documented errors.</summary>
internal static class DeviceFault
{
    /// <summary>Whether an exception comes from a device, from compiling for it, or from a driver's library.</summary>
    public static bool Is(Exception e) =>
        e is AcceleratorException
            or KernelRefusedException
            or NotSupportedException
            or InternalCompilerException
            or CapabilityNotSupportedException
            or InvalidKernelOperationException
        || IsOfLibrary(e);

    /// <summary>Whether a driver's library is missing, is for another machine, or lacks a function.</summary>
    public static bool IsOfLibrary(Exception e) =>
        e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException
        || (e is TypeInitializationException { InnerException: { } inner } && IsOfLibrary(inner));

    /// <summary>Whether a device has too little memory left.</summary>
    public static bool IsMemory(Exception e) => e switch
    {
        CudaException cuda => cuda.Error == nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY),
        CLException cl =>
            cl.Error is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE
                or CLError.CL_OUT_OF_RESOURCES
                or CLError.CL_OUT_OF_HOST_MEMORY,
        KernelRefusedException { InnerException: { } inner } => IsMemory(inner),
        _ => false,
    };

    /// <summary>The documented error for an exception: DeviceOutOfMemory or DeviceFailed.</summary>
    public static DemException Name(Exception e, string device) =>
        new(IsMemory(e) ? ErrorCode.DeviceOutOfMemory : ErrorCode.DeviceFailed, $"{device}: {Said(e)}", e);

    /// <summary>What an exception says, in one line.</summary>
    public static string Said(Exception e)
    {
        string message = e is TypeInitializationException { InnerException: { } inner } ? inner.Message : e.Message;
        return IsOfLibrary(e)
            ? $"the driver's library cannot be used, as it is missing or too old: {message.ReplaceLineEndings(" ")}"
            : message.ReplaceLineEndings(" ");
    }

    /// <summary>
    /// Frees something, and passes over a failure: a lost device frees nothing, and the error that lost it has been reported.
    /// </summary>
    public static void Free(IDisposable? what)
    {
        try
        {
            what?.Dispose();
        }
        catch (Exception e) when (Is(e))
        {
            // The rest can still be freed.
        }
    }
}
