using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Streaming;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>What only a device can do: many outputs from inputs that crossed the bus once.</summary>
public sealed class SweepTests
{
    private const int Merges = 16;

    [OneTimeSetUp]
    public void NeedEmulation() => Cuda.NeedEmulation();

    [Test]
    public void Sweep_of_16_moves_each_input_across_the_bus_once([Values("dem", "dare_ties", "ties")] string method)
    {
        using var family = new TinyFamily();
        using var cpu = new CpuBackend();
        family.Sweep(method, "by-cpu", cpu);

        using IlgpuBackend device = IlgpuBackend.Open(new DeviceName(AcceleratorType.Cuda, 0), 300_000_000);
        family.Sweep(method, "by-device", device);

        string[] merges = [.. Directory.GetDirectories(family.PathOf("by-cpu")).Select(Path.GetFileName)!];
        Assert.That(merges, Has.Length.EqualTo(Merges));
        foreach (string merge in merges)
            family.AssertSame(Path.Combine("by-cpu", merge), Path.Combine("by-device", merge));

        // A base and two models. What a sample for a threshold reads, in pieces, comes on top.
        long once = 3 * family.TensorBytes;
        if (method == "ties")
            Assert.That(device.BytesFromHost, Is.InRange(once, 2 * once));
        else
            Assert.That(device.BytesFromHost, Is.EqualTo(once));
    }
}
