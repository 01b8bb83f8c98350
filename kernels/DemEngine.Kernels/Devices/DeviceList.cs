using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace DemEngine.Kernels.Devices;

/// <summary>A device that ILGPU found.</summary>
/// <param name="Name">As <c>--backend</c> takes it.</param>
/// <param name="Model">What the driver calls it.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="Unusable">Why it cannot be used, or null.</param>
public sealed record DeviceInfo(string Name, string Model, long MemoryBytes, string? Unusable);

/// <summary>What devices this machine has.</summary>
public static class DeviceList
{
    /// <summary>All of them, usable or not.</summary>
    public static IReadOnlyList<DeviceInfo> Find()
    {
        using Context context = CreateContext();
        return [.. from kind in new[] { AcceleratorType.Cuda, AcceleratorType.OpenCL, AcceleratorType.CPU }
                   from pair in Of(context, kind).Index()
                   let unusable = Unusable(pair.Item)
                   select new DeviceInfo($"{new DeviceName(kind, pair.Index)}", pair.Item.Name, pair.Item.MemorySize, unusable)];
    }

    /// <summary>All devices of a kind, in the order in which they are numbered.</summary>
    internal static IEnumerable<Device> Of(Context context, AcceleratorType kind) => context.Devices.Where(device => device.AcceleratorType == kind);

    /// <summary>The context of every backend: optimised, since only then are accesses joined to 16 bytes, and with strict arithmetic.</summary>
    internal static Context CreateContext()
    {
        DeviceLibraries.FindVersioned();
        return Context.Create(builder => builder
            .CPU()
            .Cuda()
            .OpenCL(device => device.DeviceType != CLDeviceType.CL_DEVICE_TYPE_CPU)
            .Optimize(OptimizationLevel.O2)
            .Math(MathMode.Default));
    }

    /// <summary>Why a device cannot run the kernels; null if it can.</summary>
    internal static string? Unusable(Device device)
    {
        if (device is CudaDevice { Architecture: null })
            return "its CUDA architecture is not known to ILGPU";
        if (device is CLDevice { Capabilities.Float64: false })
            return "it has no binary64 arithmetic";
        return device is CLDevice { Capabilities.Int64_Atomics: false } ? "it has no 64-bit atomic operations" : null;
    }
}
