using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace DemEngine.Kernels.Devices;

/// <summary>
/// The ILGPU context, which finds devices and compiles kernels. One lasts as long as the process, because looking for devices
/// takes time and under WSL (Linux on Windows) ILGPU can do it only once.
/// </summary>
internal static class DeviceContext
{
    private static readonly Lazy<Context> Lazily = new(Create);

    public static Context Shared => Lazily.Value;

    /// <summary>Opens a device. On CUDA, threads that wait for it sleep.</summary>
    public static Accelerator Open(Device device)
    {
        using BoundContext context = BoundContext.Keep(device);
        return device is CudaDevice cuda
            ? cuda.CreateCudaAccelerator(Shared, CudaAcceleratorFlags.ScheduleBlockingSync)
            : device.CreateAccelerator(Shared);
    }

    /// <summary>
    /// Creates the context: optimised, since only then are memory accesses joined to 16 bytes; with strict arithmetic; and with
    /// profiling, so that points in time can be marked on streams.
    /// </summary>
    private static Context Create()
    {
        DeviceLibraries.FindVersioned();
        return Context.Create(builder => builder
            .CPU(CPUDeviceKind.Default)
            .Cuda()
            .OpenCL(device => device.DeviceType != CLDeviceType.CL_DEVICE_TYPE_CPU)
            .Optimize(OptimizationLevel.O2)
            .Math(MathMode.Default)
            .Profiling());
    }
}
