using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace DemEngine.Kernels.Devices;

/// <summary>A device that ILGPU found.</summary>
/// <param name="Name">Name of the device, such as <c>cuda:0</c>.</param>
/// <param name="Model">The driver's name for the model.</param>
/// <param name="MemoryBytes">Size of its own memory in bytes; null if it has none.</param>
/// <param name="Unusable">The reason why it cannot be used; null if it can.</param>
public sealed record DeviceInfo(DeviceName Name, string Model, long? MemoryBytes, string? Unusable)
{
    /// <summary>
    /// Address on the PCI bus, such as <c>0000:41:00.0</c>, by which other programs name it; null where it is not known.
    /// </summary>
    public string? PciAddress { get; init; }
}

/// <summary>Lists the devices of this machine.</summary>
public static class DeviceList
{
    /// <summary>CL_DEVICE_SINGLE_FP_CONFIG of the OpenCL specification, which ILGPU does not name.</summary>
    private const CLDeviceInfoType SingleFpConfig = (CLDeviceInfoType)0x101B;

    /// <summary>CL_FP_DENORM of the OpenCL specification.</summary>
    private const long FpDenorm = 1;

    /// <summary>Finds all devices, usable or not.</summary>
    public static IReadOnlyList<DeviceInfo> Find() =>
        [.. from kind in new[] { AcceleratorType.Cuda, AcceleratorType.OpenCL, AcceleratorType.CPU }
            from pair in Of(kind)
            let memory = kind == AcceleratorType.CPU ? (long?)null : pair.Value.MemorySize
            select new DeviceInfo(new DeviceName(kind, pair.Key), pair.Value.Name, memory, Unusable(pair.Value))
            {
                PciAddress = pair.Value is CudaDevice cuda
                    ? $"{cuda.PCIDomainId:x4}:{cuda.PCIBusId:x2}:{cuda.PCIDeviceId:x2}.0"
                    : null,
            }];

    /// <summary>Says why there is no usable device of a kind; null if <paramref name="found"/> has one.</summary>
    public static string? WhyNone(AcceleratorType kind, IReadOnlyList<DeviceInfo> found)
    {
        DeviceInfo[] ofKind = [.. found.Where(device => device.Name.Kind == kind)];
        if (ofKind.Any(device => device.Unusable is null))
            return null;
        if (ofKind is [var first, ..])
            return $"{first.Name} ({first.Model}) cannot be used: {first.Unusable}";
        return kind switch
        {
            AcceleratorType.Cuda when DeviceLibraries.LackOfCuda is { } function =>
                $"no CUDA device: the driver's library is too old, as it has no {function}",
            AcceleratorType.Cuda => DeviceLibraries.HasCuda
                ? "no CUDA device: the driver finds none"
                : "no CUDA device: the driver is not installed",
            AcceleratorType.OpenCL => DeviceLibraries.HasOpenCL
                ? "no OpenCL device: no platform has a GPU"
                : "no OpenCL device: no OpenCL library is installed",
            _ => null,
        };
    }

    /// <summary>Gets a device by its name; null if there is none, or if it cannot run the kernels.</summary>
    internal static Device? Get(DeviceName name) =>
        Of(name.Kind)
            .Where(pair => pair.Key == name.Index && Unusable(pair.Value) is null)
            .Select(pair => pair.Value)
            .FirstOrDefault();

    /// <summary>Lists all devices of a kind with their numbers: CUDA's own, or the order in which ILGPU lists them.</summary>
    private static IEnumerable<KeyValuePair<int, Device>> Of(AcceleratorType kind)
    {
        Device[] known = [.. DeviceContext.Shared.Devices.Where(device => device.AcceleratorType == kind)];
        if (kind != AcceleratorType.Cuda)
            return known.Select((device, index) => KeyValuePair.Create(index, device));

        if (DeviceLibraries.LackOfCuda is not null)
            return [];

        // The context leaves out devices that ILGPU cannot compile for, but users should be told about them.
        Dictionary<int, Device> usable = known.ToDictionary(device => ((CudaDevice)device).DeviceId);
        return CudaDevice.GetDevices(_ => true).Cast<CudaDevice>()
            .Select(device => KeyValuePair.Create(device.DeviceId, usable.GetValueOrDefault(device.DeviceId, device)));
    }

    /// <summary>Says why a device cannot run the kernels; null if it can.</summary>
    private static string? Unusable(Device device) => device switch
    {
        CudaDevice { InstructionSet: null } cuda =>
            $"ILGPU has no code for architecture {cuda.Architecture} with this driver ({cuda.DriverVersion})",
        CLDevice { Capabilities.Float64: false } => "it has no binary64 arithmetic",
        CLDevice { Capabilities.Int64_Atomics: false } => "it has no 64-bit atomic operations",
        CLDevice { Capabilities.GenericAddressSpace: false } => "it has no generic address space",
        CLDevice cl when !KeepsSubnormals(SingleArithmetic(cl)) => "it takes subnormal binary32 numbers for 0",
        _ => null,
    };

    /// <summary>
    /// Whether a device's binary32 arithmetic has subnormal numbers, which it need not on OpenCL.
    /// </summary>
    /// <param name="singleArithmetic">What the device says of its arithmetic: bits of <c>cl_device_fp_config</c>.</param>
    internal static bool KeepsSubnormals(long singleArithmetic) => (singleArithmetic & FpDenorm) != 0;

    private static long SingleArithmetic(CLDevice device) => device.GetDeviceInfo<long>(SingleFpConfig);
}
