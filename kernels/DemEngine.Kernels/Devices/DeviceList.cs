using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace DemEngine.Kernels.Devices;

/// <summary>A device that ILGPU found.</summary>
/// <param name="Name">As <c>--backend</c> takes it.</param>
/// <param name="Model">What the driver calls it.</param>
/// <param name="MemoryBytes">Its memory, if it has its own.</param>
/// <param name="Unusable">Why it cannot be used, or null.</param>
public sealed record DeviceInfo(string Name, string Model, long? MemoryBytes, string? Unusable);

/// <summary>What devices this machine has.</summary>
public static class DeviceList
{
    /// <summary>All of them, usable or not.</summary>
    public static IReadOnlyList<DeviceInfo> Find()
    {
        using Context context = CreateContext();
        return [.. from kind in new[] { AcceleratorType.Cuda, AcceleratorType.OpenCL, AcceleratorType.CPU }
                   from pair in Of(context, kind).Index()
                   let memory = kind == AcceleratorType.CPU ? (long?)null : pair.Item.MemorySize
                   select new DeviceInfo($"{new DeviceName(kind, pair.Index)}", pair.Item.Name, memory, Unusable(pair.Item))];
    }

    /// <summary>Why there is no device of a kind: a line for each kind that <paramref name="found"/> lacks.</summary>
    public static IEnumerable<string> WhyNone(IReadOnlyList<DeviceInfo> found)
    {
        if (!found.Any(device => device.Name.StartsWith("cuda", StringComparison.Ordinal)))
            yield return DeviceLibraries.HasCuda ? "no CUDA device: the driver finds none" : "no CUDA device: the driver is not installed";
        if (!found.Any(device => device.Name.StartsWith("opencl", StringComparison.Ordinal)))
            yield return DeviceLibraries.HasOpenCL ? "no OpenCL device: no platform has a GPU" : "no OpenCL device: no OpenCL library is installed";
    }

    /// <summary>All devices of a kind, in the order in which they are numbered.</summary>
    internal static IEnumerable<Device> Of(Context context, AcceleratorType kind) => context.Devices.Where(device => device.AcceleratorType == kind);

    /// <summary>The context of every backend: optimised, since only then are accesses joined to 16 bytes, and with strict arithmetic.</summary>
    internal static Context CreateContext()
    {
        DeviceLibraries.FindVersioned();
        return Context.Create(builder => builder
            .CPU(CPUDeviceKind.Default)
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
