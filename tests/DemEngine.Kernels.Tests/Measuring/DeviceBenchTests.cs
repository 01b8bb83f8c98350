using DemEngine.Backends.Devices;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Streaming;
using DemEngine.Merging.Options;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Measuring;

/// <summary>Measurements of the simulation: not how fast it is, but that each thing is measured and each tile noted.</summary>
public sealed class DeviceBenchTests
{
    private static readonly DeviceName Simulation = new(AcceleratorType.CPU, 0);

    [Test]
    public void Copies_and_kernels_are_measured_within_the_memory_allowed()
    {
        using IlgpuBackend backend = IlgpuBackend.Open(Simulation, 200_000);
        DeviceRates rates = backend.MeasureRates(_ => { }, default);
        Assert.That(new[] { rates.Copy, rates.HostToDevice, rates.DeviceToHost, rates.BothWays }, Is.All.Positive.And.All.LessThan(1e6));
        Assert.That(rates.Kernels.Select(kernel => kernel.GigabytesPerSecond), Is.All.Positive.And.All.LessThan(1e6));
        foreach (KernelRate kernel in rates.Kernels)
            Assert.That(kernel.ToCopy, Is.EqualTo(kernel.GigabytesPerSecond / rates.Copy).Within(1e-9));
        Assert.That(
            rates.Kernels.Where(kernel => kernel.Kernel.StartsWith("combine", StringComparison.Ordinal)).Select(kernel => (kernel.Kernel, kernel.BytesPerElement)),
            Is.EqualTo(new[] { ("combine 1 BF16", 6), ("combine 2 BF16", 8), ("combine 4 BF16", 12), ("combine 8 BF16", 20), ("combine 16 BF16", 36), ("combine 2 F32", 16) }));
        Assert.That(
            rates.Kernels.Select(kernel => kernel.Kernel),
            Is.SupersetOf(new[] { "extract BF16 to F32", "convert BF16 to F32", "convert F32 to BF16", "gram 1 BF16", "gram 2 BF16", "gram 4 BF16" }));
    }

    [Test]
    public void Measuring_stops_when_told_to()
    {
        using IlgpuBackend backend = IlgpuBackend.Open(Simulation, 200_000);
        using var cancel = new CancellationTokenSource();
        var reports = new List<string>();
        Assert.That(
            () => backend.MeasureRates(
                line =>
                {
                    reports.Add(line);
                    if (line.StartsWith("combine", StringComparison.Ordinal))
                        cancel.Cancel();
                },
                cancel.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(reports[^1], Is.EqualTo("combine 1 BF16"));
    }

    [Test]
    public void Tiles_are_noted_while_told_to_and_at_least_three_are_under_way()
    {
        using var family = new TinyFamily();
        using IlgpuBackend backend = IlgpuBackend.Open(Simulation, 8 << 20);
        RunOptions oneThread = TinyFamily.Options with { Threads = 1 };
        family.Merge("before", backend, oneThread);

        backend.StartTimeline();
        family.Merge("noted", backend, oneThread);
        DeviceTimeline timeline = backend.StopTimeline();
        family.Merge("after", backend, oneThread);

        Assert.That(backend.StopTimeline().Count, Is.Zero);
        Assert.That(timeline.Count, Is.GreaterThanOrEqualTo(family.TensorCount));
        foreach (TileTimes tile in timeline.Tiles)
            Assert.That(new[] { 0, tile.Asked, tile.CopiedIn, tile.Computed, tile.CopiedOut }, Is.Ordered);
        Assert.That(timeline.MostUnderWay, Is.InRange(3, backend.MinWorkers));
        Assert.That(backend.PeakDeviceBytes, Is.InRange(1, 8 << 20));
        family.AssertSame("before", "noted");
    }
}
