using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Streaming;
using DemEngine.Memory;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>Devices that refuse or fail, by an emulated driver that is told to. Alone, as what is told goes for all devices.</summary>
[NonParallelizable]
public sealed class FaultTests
{
    private static readonly DeviceName First = new(AcceleratorType.Cuda, 0);

    [OneTimeSetUp]
    public void NeedEmulation() => Cuda.NeedEmulation();

    [Test]
    public void Inputs_that_find_no_memory_on_the_device_are_copied_each_time()
    {
        using var family = new TinyFamily();
        using var cpu = new CpuBackend();
        family.MergeDifferences("ties", "weight: 0.6, density: 0.3", 2, "by-cpu", cpu);

        using IlgpuBackend backend = IlgpuBackend.Open(First, 64 << 20);
        using var bytes = new NativeBuffer(4096);
        using (Cuda.With("ALLOC", "2"))
            Assert.That(backend.MakeResident([bytes.Bytes]), Is.Null);
        Assert.That(backend.MakeResident([bytes.Bytes]), Is.Null, "a device without room is not asked again");
        family.MergeDifferences("ties", "weight: 0.6, density: 0.3", 2, "by-device", backend);
        family.AssertSame("by-cpu", "by-device");
    }

    [Test]
    public void Lost_device_gives_everything_back([Values("SYNCHRONIZE", "LAUNCH")] string call)
    {
        using var family = new TinyFamily();
        var before = Held();
        using (IlgpuBackend backend = IlgpuBackend.Open(First, 4 << 20))
        {
            using IDisposable fault = Cuda.With(call, "719@9");
            DemException e = Assert.Throws<DemException>(() => family.Merge("merged", backend, TinyFamily.Options))!;
            Assert.That(e.Code, Is.EqualTo(ErrorCode.DeviceFailed));
            Assert.That(Held(), Is.Not.EqualTo(before));
        }

        Assert.That(Held(), Is.EqualTo(before));
    }

    [Test]
    public void What_the_drivers_compiler_says_is_part_of_the_error()
    {
        using IlgpuBackend backend = IlgpuBackend.Open(First, 4 << 20);
        using IDisposable fault = Cuda.With("MODULE", "218");
        using var family = new TinyFamily();
        DemException e = Assert.Throws<DemException>(() => family.Merge("merged", backend, TinyFamily.Options))!;
        Assert.That(e.Message, Does.StartWith("cuda:0: ").And.Contain("Kernel").And.Contain("emulated compiler: as a test wants it"));
    }

    private static (long Memory, long Locked, long Streams) Held() => (
        Cuda.Count("allocations") - Cuda.Count("frees"),
        Cuda.Count("registrations") - Cuda.Count("unregistrations"),
        Cuda.Count("streams"));
}
