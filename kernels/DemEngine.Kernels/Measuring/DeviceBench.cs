using DemEngine.Backends.Devices;
using DemEngine.Kernels.Launching;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>A device's copies and kernels, measured one after the other.</summary>
internal static class DeviceBench
{
    /// <summary>Measures.</summary>
    /// <param name="accelerator">The device.</param>
    /// <param name="kernels">Its kernels.</param>
    /// <param name="maxBytes">Most device memory to take.</param>
    /// <param name="report">Told what is being done.</param>
    /// <param name="cancel">Stops between measurements.</param>
    public static DeviceRates Run(Accelerator accelerator, KernelTable kernels, long maxBytes, Action<string> report, CancellationToken cancel)
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
