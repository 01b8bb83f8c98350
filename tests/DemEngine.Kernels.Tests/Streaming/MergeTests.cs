using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Merging.Options;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Streaming;

/// <summary>Whole merges by ILGPU's simulation, against the CPU backend's output.</summary>
public sealed class MergeTests
{
    private readonly TinyFamily _family = new();
    private readonly CpuBackend _cpu = new();
    private readonly IlgpuBackend _device = IlgpuBackend.Open(new DeviceName(AcceleratorType.CPU, 0), maxVramBytes: 512 << 10);

    [OneTimeTearDown]
    public void Dispose()
    {
        _device.Dispose();
        _cpu.Dispose();
        _family.Dispose();
    }

    [Test]
    public void Merge_of_mixed_types_is_the_cpu_backends()
    {
        _family.Merge("by-cpu", _cpu, TinyFamily.Options);
        _family.Merge("by-device", _device, TinyFamily.Options);
        _family.AssertSame("by-cpu", "by-device");
    }

    /// <summary>As on a machine with two devices.</summary>
    [Test]
    public void Merge_spread_over_two_devices_is_the_cpu_backends()
    {
        var name = new DeviceName(AcceleratorType.CPU, 0);
        using var both = new MultiDeviceBackend("both", [IlgpuBackend.Open(name, 512 << 10), IlgpuBackend.Open(name, 256 << 10)]);
        _family.Merge("by-one", _cpu, TinyFamily.Options);
        _family.Merge("by-two", both, TinyFamily.Options);
        _family.AssertSame("by-one", "by-two");

        _family.Slerp("slerp-by-one", _cpu, TinyFamily.Options);
        _family.Slerp("slerp-by-two", both, TinyFamily.Options);
        _family.AssertSame("slerp-by-one", "slerp-by-two");
    }

    [Test]
    public void Slerp_is_the_cpu_backends()
    {
        _family.Slerp("slerp-by-cpu", _cpu, TinyFamily.Options);
        _family.Slerp("slerp-by-device", _device, TinyFamily.Options);
        _family.AssertSame("slerp-by-cpu", "slerp-by-device");
    }

    [TestCase("ties", "weight: 0.6, density: 0.3", 3)]
    [TestCase("ties", "weight: 0.6, density: 0.3, scope: model", 3)]
    [TestCase("dare_ties", "weight: 0.6, density: 0.3", 3)]
    [TestCase("breadcrumbs", "weight: 0.6, density: 0.3, gamma: 0.05", 2)]
    [TestCase("della", "weight: 0.6, density: 0.4", 2)]
    [TestCase("sce", "select_topk: 0.2", 3)]
    [TestCase("nearswap", "t: 0.001", 1)]
    [TestCase("arcee_fusion", "", 1)]
    [TestCase("ramplus_tl", "epsilon: 0.0005", 3)]
    public void Methods_of_filtered_differences_are_the_cpu_backends(string method, string parameters, int sources)
    {
        string name = $"{method}-{parameters.Length}";
        _family.MergeDifferences(method, parameters, sources, $"{name}-by-cpu", _cpu);
        _family.MergeDifferences(method, parameters, sources, $"{name}-by-device", _device);
        _family.AssertSame($"{name}-by-cpu", $"{name}-by-device");
    }

    /// <summary>Once for all passes where there is room; of a method without a sample, whose pieces are gathered, so that the bytes are known.</summary>
    [Test]
    public void Inputs_go_to_the_device_once_where_it_has_room([Values("dare_ties", "ties")] string method)
    {
        long Copied(long maxVramBytes, string output)
        {
            using IlgpuBackend device = IlgpuBackend.Open(new DeviceName(AcceleratorType.CPU, 0), maxVramBytes);
            _family.MergeDifferences(method, "weight: 0.6, density: 0.3", 2, output, device);
            return device.BytesFromHost;
        }

        long once = 3 * _family.TensorBytes;
        long kept = Copied(300_000_000, $"{method}-kept");
        long copied = Copied(2 << 20, $"{method}-copied");
        _family.AssertSame($"{method}-copied", $"{method}-kept");
        if (method == "dare_ties")
            Assert.That((kept, copied), Is.EqualTo((once, 2 * once)));
        else
            Assert.That(kept, Is.LessThanOrEqualTo(copied - once).And.LessThan(2 * once));
    }

    [Test]
    public void Run_that_lost_its_device_is_resumed_on_another_backend()
    {
        _family.Merge("whole", _cpu, TinyFamily.Options);

        using var failing = new FailingBackend(_device, tiles: 9);
        Assert.That(
            () => _family.Merge("resumed", failing, TinyFamily.Options),
            Throws.TypeOf<DemException>().With.Property(nameof(DemException.Code)).EqualTo(ErrorCode.DeviceFailed));
        Assert.That(Directory.Exists(_family.PathOf("resumed")), Is.False);

        _family.Merge("resumed", _cpu, TinyFamily.Options with { Unfinished = UnfinishedRun.Resume });
        _family.AssertSame("whole", "resumed");
    }

    [Test]
    public void Distances_are_the_cpu_backends()
    {
        string[] models = [_family.PathOf("tuned1"), _family.PathOf("tuned2"), _family.PathOf("tuned3")];
        LayerDistances Measure(IMergeBackend backend) =>
            DistanceMeasurement.Run(_family.PathOf("base"), models, new AlignmentOptions(), TinyFamily.Options, backend);
        Assert.That(DistanceCsv.Write(Measure(_device)), Is.EqualTo(DistanceCsv.Write(Measure(_cpu))));
    }
}
