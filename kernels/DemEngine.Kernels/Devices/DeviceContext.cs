using ILGPU;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace DemEngine.Kernels.Devices;

/// <summary>
/// What ILGPU knows of the machine and compiles with. One for as long as the process lives: looking for devices takes time, and under
/// Windows' Linux ILGPU can do it only once.
/// </summary>
internal static class DeviceContext
{
    private static readonly Lazy<Context> Lazily = new(Create);

    public static Context Shared => Lazily.Value;

    /// <summary>Optimised, since only then are accesses joined to 16 bytes; strict arithmetic; and points in time can be marked on streams.</summary>
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
