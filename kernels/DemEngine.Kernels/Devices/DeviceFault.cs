using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace DemEngine.Kernels.Devices;

/// <summary>Translates ILGPU's exceptions to the documented errors.</summary>
internal static class DeviceFault
{
    /// <summary>Whether an exception comes from a device or from compiling for it.</summary>
    public static bool Is(Exception e) =>
        e is AcceleratorException
            or NotSupportedException
            or InternalCompilerException
            or CapabilityNotSupportedException
            or InvalidKernelOperationException;

    /// <summary>The documented error for an exception: DeviceOutOfMemory or DeviceFailed.</summary>
    public static DemException Name(Exception e, string device)
    {
        bool isMemory = e switch
        {
            CudaException cuda => cuda.Error == nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY),
            CLException cl =>
                cl.Error is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE
                    or CLError.CL_OUT_OF_RESOURCES
                    or CLError.CL_OUT_OF_HOST_MEMORY,
            _ => false,
        };
        return new DemException(
            isMemory ? ErrorCode.DeviceOutOfMemory : ErrorCode.DeviceFailed, $"{device}: {e.Message.ReplaceLineEndings(" ")}", e);
    }
}
