using DemEngine.Backends.Cpu;
using DemEngine.Backends.Devices;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Streaming;
using DemEngine.Merging.Options;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>Gathering inputs beside what a device does. Alone, as what is told to the driver goes for all devices.</summary>
[NonParallelizable]
public sealed class OverlapTests
{
    [Test]
    public void One_thread_that_is_asked_for_still_gathers_a_tile_while_others_are_on_their_way()
    {
        Cuda.NeedEmulation();
        using var family = new TinyFamily();
        using var cpu = new CpuBackend();
        RunOptions options = TinyFamily.Options with { Threads = 1 };
        family.Merge("by-cpu", cpu, options);

        using IlgpuBackend device = IlgpuBackend.Open(new DeviceName(AcceleratorType.Cuda, 0), 64 << 20);
        using (Cuda.With("JITTER", "4000"))
        {
            device.StartTimeline();
            family.Merge("by-device", device, options);
        }

        DeviceTimeline timeline = device.StopTimeline();
        family.AssertSame("by-cpu", "by-device");
        Assert.That(timeline.Count, Is.GreaterThanOrEqualTo(family.TensorCount));
        Assert.That(timeline.MostUnderWay, Is.InRange(device.MinWorkers - 1, device.MinWorkers));
    }
}
