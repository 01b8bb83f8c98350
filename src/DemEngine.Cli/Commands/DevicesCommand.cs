using System.CommandLine;
using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
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
        command.SetAction(parsed =>
        {
            using var cpu = new CpuBackend();
            if (parsed.GetValue(GlobalOptions.Json))
                PrintJson(cpu);
            else
                PrintText(cpu);
            return 0;
        });
        return command;
    }

    private static void PrintText(CpuBackend cpu)
    {
        string[] processor = [cpu.Name, "", cpu.Description, ""];
        TablePrinter.Print(["backend", " memory", "device", "unusable because"], [processor, .. Devices()]);
        foreach (string note in Notes().Concat(TorchState.Describe()))
            Prose.Print(note);
    }

    private static void PrintJson(CpuBackend cpu) => Console.Out.WriteLine(new JsonObject
    {
        ["devices"] = new JsonArray(
        [
            new JsonObject
            {
                ["backend"] = cpu.Name,
                ["device"] = cpu.Description,
                ["memory_bytes"] = null,
                ["unusable"] = null,
                ["pci_address"] = null,
            },
            .. Found.Value.Select(device => new JsonObject
            {
                ["backend"] = $"{device.Name}",
                ["device"] = device.Model,
                ["memory_bytes"] = device.MemoryBytes,
                ["unusable"] = device.Unusable,
                ["pci_address"] = device.PciAddress,
            }),
        ]),
        ["notes"] = JsonValues.Of(Notes()),
        ["torch"] = JsonValues.Of(TorchState.Describe()),
    }.ToJsonString());

    private static readonly Lazy<IReadOnlyList<DeviceInfo>> Found =
        new(() => Startup.Build.HasGpuAndTraining ? DeviceList.Find() : []);

    private static IEnumerable<string[]> Devices() =>
        from device in Found.Value
        let memory = device.MemoryBytes is { } bytes ? Sizes.Format(bytes) : ""
        let model = device.MemoryBytes is null ? $"{device.Model}, a simulation for tests"
            : device.PciAddress is { } address ? $"{device.Model} ({address})"
            : device.Model
        select new[] { $"{device.Name}", memory, model, device.Unusable ?? "" };

    private static IEnumerable<string> Notes() => Startup.Build.HasGpuAndTraining ? WhyKindsAreMissing() : [];

    private static IEnumerable<string> WhyKindsAreMissing() =>
        from kind in new[] { AcceleratorType.Cuda, AcceleratorType.OpenCL }
        where Found.Value.All(device => device.Name.Kind != kind)
        select DeviceList.WhyNone(kind, Found.Value);
}
