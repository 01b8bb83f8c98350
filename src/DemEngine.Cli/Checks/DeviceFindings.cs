using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;
using DemEngine.Kernels.Devices;
using DemEngine.Training;
using ILGPU.Runtime;

namespace DemEngine.Cli.Checks;

/// <summary>Looks at what merging on devices and training need: drivers, devices, libtorch and the C++ runtime.</summary>
internal static class DeviceFindings
{
    /// <summary>Gives the findings.</summary>
    public static IEnumerable<Finding> All() => Startup.Build.HasGpuAndTraining
        ? [.. Devices(), Runtime(), Libtorch()]
        : [new Finding("devices", Health.None, Startup.Build.Lacks("GPU backends and no training").Message)];

    private static IEnumerable<Finding> Devices()
    {
        IReadOnlyList<DeviceInfo> found = DeviceList.Find();
        foreach (DeviceInfo device in found.Where(device => device.MemoryBytes is not null))
        {
            yield return device.Unusable is { } why
                ? new Finding($"{device.Name}", Health.Warn, $"{device.Model} cannot be used: {why}")
                : new Finding($"{device.Name}", Health.Ok, $"{device.Model}, {Sizes.Format(device.MemoryBytes!.Value)}");
        }

        foreach (AcceleratorType kind in new[] { AcceleratorType.Cuda, AcceleratorType.OpenCL })
        {
            if (!found.Any(device => device.Name.Kind == kind))
            {
                yield return new Finding(
                    kind == AcceleratorType.Cuda ? "CUDA" : "OpenCL",
                    Health.None,
                    DeviceList.WhyNone(kind, found) ?? "no device");
            }
        }
    }

    private static Finding Runtime()
    {
        try
        {
            TorchLibrary.CheckSystem();
            return new Finding("C++ runtime", Health.Ok, "new enough for training");
        }
        catch (DemException e)
        {
            return new Finding("C++ runtime", Health.Warn, e.Message, Remedies.Of(e));
        }
    }

    private static Finding Libtorch()
    {
        try
        {
            return new Finding("libtorch", Health.Ok, $"{TorchLibrary.Check()}");
        }
        catch (DemException e) when (e.Code == ErrorCode.TorchNotFound)
        {
            return new Finding("libtorch", Health.None, e.Message, Remedies.Of(e));
        }
        catch (DemException e)
        {
            return new Finding("libtorch", Health.Warn, e.Message, Remedies.Of(e));
        }
    }
}
