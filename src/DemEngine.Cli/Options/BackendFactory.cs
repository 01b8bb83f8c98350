using System.Globalization;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using ILGPU.Runtime;

namespace DemEngine.Cli.Options;

/// <summary>From the name of a backend to the backend.</summary>
internal static class BackendFactory
{
    public const string Cpu = "cpu";

    private const string Auto = "auto";
    private const string AllCuda = "cuda:all";

    /// <summary>Whether a name is one that some machine may know.</summary>
    public static bool IsName(string name)
    {
        if (name is Auto or Cpu or "ilgpu-cpu")
            return true;

        string[] parts = name.Split(':');
        return name == AllCuda || (parts[0] is "cuda" or "opencl"
            && (parts.Length == 1 || (parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out _))));
    }

    /// <summary>Opens a backend.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="maxVramBytes">Bound of device memory.</param>
    /// <param name="remark">Told what <c>auto</c> came to, in a line.</param>
    /// <exception cref="DemException">DEM1010: there is no such device.</exception>
    public static IMergeBackend Open(string name, long maxVramBytes, Action<string> remark) => name switch
    {
        Cpu => new CpuBackend(),
        Auto => OpenBest(maxVramBytes, remark),
        _ => OpenDevice(name, maxVramBytes),
    };

    private static IMergeBackend OpenBest(long maxVramBytes, Action<string> remark)
    {
        IMergeBackend? device = IlgpuBackend.OpenCuda(maxVramBytes, out string? whyNone);
        remark(device is null ? $"auto: cpu ({whyNone})" : $"auto: {device.Name} ({device.Description})");
        return device ?? new CpuBackend();
    }

    private static IMergeBackend OpenDevice(string name, long maxVramBytes) =>
        name == AllCuda ? IlgpuBackend.OpenAll(AcceleratorType.Cuda, maxVramBytes) : DeviceName.TryParse(name, out DeviceName device)
            ? IlgpuBackend.Open(device, maxVramBytes)
            : throw new DemException(ErrorCode.NoSuchDevice, $"there is no backend {name}");
}
