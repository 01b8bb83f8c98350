using DemEngine.Backends.Devices;
using DemEngine.Kernels.Launching;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>Measures a device's copies and kernels, one after the other.</summary>
internal static class DeviceBench
{
    /// <summary>Runs all measurements and returns the rates.</summary>
    /// <param name="accelerator">Device to measure.</param>
    /// <param name="kernels">Compiled kernels of the device.</param>
    /// <param name="maxBytes">Maximum of device memory to take, in bytes.</param>
    /// <param name="report">Callback that receives the name of each measurement as it starts.</param>
    /// <param name="cancel">Token that stops the run between measurements.</param>
    public static DeviceRates Run(
        Accelerator accelerator, KernelTable kernels, long maxBytes, Action<string> report, CancellationToken cancel)
    {
        report("copying on the device");
        double copy = CopyRates.OnDevice(accelerator, maxBytes);
        cancel.ThrowIfCancellationRequested();
        report("copying to and from the device");
        var (copyIn, copyOut, both) = CopyRates.ToHost(accelerator, maxBytes);

        var cases = new KernelCases(accelerator, kernels, maxBytes);
        var measured = new List<KernelRate>();
        foreach (string name in KernelCases.Names)
        {
            cancel.ThrowIfCancellationRequested();
            report(name);
            using KernelCase @case = cases.Make(name);
            double rate = @case.Bytes / StreamTimer.Seconds(@case.Stream, @case.Launch);
            measured.Add(new KernelRate(name, @case.BytesPerElement, rate / 1e9, rate / copy));
        }

        return new DeviceRates(copy / 1e9, copyIn / 1e9, copyOut / 1e9, both / 1e9, measured);
    }
}
