using System.CommandLine;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;
using DemEngine.Kernels.Devices;
using ILGPU.Runtime;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem devices</c>.</summary>
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
            foreach (string line in TorchState.Describe())
                Console.Out.WriteLine(line);
            return 0;
        });
        return command;
    }

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
}
