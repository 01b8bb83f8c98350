using System.Globalization;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Startup;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using ILGPU.Runtime;

namespace DemEngine.Cli.Options;

/// <summary>Opens a backend by its name.</summary>
internal static class BackendFactory
{
    public const string Cpu = "cpu";

    private const string Auto = "auto";
    private const string AllCuda = "cuda:all";

    /// <summary>Whether a name can be a backend's, on this machine or another.</summary>
    public static bool IsName(string name)
    {
        if (name is Auto or Cpu or "ilgpu-cpu")
            return true;

        string[] parts = name.Split(':');
        return name == AllCuda
            || (parts[0] is "cuda" or "opencl"
                && (parts.Length == 1
                    || (parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out _))));
    }

    /// <summary>Opens a backend.</summary>
    /// <param name="name">Name of the backend, in the form that <c>--backend</c> takes.</param>
    /// <param name="maxVramBytes">Upper limit of device memory in bytes; null for most of what is free.</param>
    /// <param name="remark">Callback that receives a line about the backend that <c>auto</c> chose.</param>
    /// <exception cref="DemException">DEM1010 (NoSuchDevice): there is no such device, or it cannot be used.</exception>
    public static IMergeBackend Open(string name, long? maxVramBytes, Action<string> remark)
    {
        if (name == Cpu)
            return new CpuBackend();
        if (!Build.HasGpuAndTraining)
            return name == Auto ? new CpuBackend() : throw Build.Lacks($"backend {name}");
        return name == Auto ? OpenBest(maxVramBytes, remark) : OpenDevice(name, maxVramBytes);
    }

    private static IMergeBackend OpenBest(long? maxVramBytes, Action<string> remark)
    {
        IMergeBackend? device = IlgpuBackend.OpenCuda(maxVramBytes, out string? whyNone);
        remark(device is null ? $"auto: cpu ({whyNone})" : $"auto: {device.Name} ({device.Description})");
        return device ?? new CpuBackend();
    }

    private static IMergeBackend OpenDevice(string name, long? maxVramBytes) =>
        name == AllCuda
            ? IlgpuBackend.OpenAll(AcceleratorType.Cuda, maxVramBytes)
            : DeviceName.TryParse(name, out DeviceName device)
                ? IlgpuBackend.Open(device, maxVramBytes)
                : throw new DemException(ErrorCode.NoSuchDevice, $"there is no backend {name}");
}
