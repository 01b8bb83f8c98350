using System.CommandLine;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Output;
#if HAS_ILGPU && HAS_ILGPUALGORITHMS
using DemEngine.Kernels.Devices;
using ILGPU.Runtime;
#endif

namespace DemEngine.Cli.Commands;

/// <summary><c>dem devices</c>.</summary>
internal static class DevicesCommand
{
    public static Command Build()
    {
        var command = new Command("devices", "List what --backend can name on this machine, and why something cannot be used.");
        command.SetAction(_ =>
        {
            using var cpu = new CpuBackend();
            string[] processor = [cpu.Name, "", cpu.Description, ""];
            TablePrinter.Print(["backend", " memory", "device", "unusable because"], [processor, .. Devices()]);
            foreach (string note in Notes())
                Console.Out.WriteLine(note);
            return 0;
        });
        return command;
    }

#if HAS_ILGPU && HAS_ILGPUALGORITHMS
    private static readonly Lazy<IReadOnlyList<DeviceInfo>> Found = new(DeviceList.Find);

    private static IEnumerable<string[]> Devices() =>
        from device in Found.Value
        let memory = device.MemoryBytes is { } bytes ? Sizes.Format(bytes) : ""
        let model = device.MemoryBytes is null ? $"{device.Model}, a simulation for tests" : device.Model
        select new[] { $"{device.Name}", memory, model, device.Unusable ?? "" };

    private static IEnumerable<string> Notes() =>
        from kind in new[] { AcceleratorType.Cuda, AcceleratorType.OpenCL }
        where Found.Value.All(device => device.Name.Kind != kind)
        select DeviceList.WhyNone(kind, Found.Value);
#else
    private static IEnumerable<string[]> Devices() => [];

    private static IEnumerable<string> Notes() =>
        ["CUDA and OpenCL devices are not looked for: this build leaves out the GPU kernels, as the packages ILGPU and ILGPU.Algorithms were not there"];
#endif
}
