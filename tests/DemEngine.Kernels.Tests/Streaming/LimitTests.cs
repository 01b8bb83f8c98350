using DemEngine.Backends;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Numerics;
using DemEngine.Tests.Backends;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Streaming;

/// <summary>What bounds device memory, and what is said where it does not suffice or where there is no device.</summary>
public sealed class LimitTests
{
    private static readonly DeviceName Simulation = new(AcceleratorType.CPU, 0);

    [TestCase("cuda", AcceleratorType.Cuda, 0)]
    [TestCase("cuda:3", AcceleratorType.Cuda, 3)]
    [TestCase("opencl:1", AcceleratorType.OpenCL, 1)]
    [TestCase("ilgpu-cpu", AcceleratorType.CPU, 0)]
    public void Names_are_read(string text, AcceleratorType kind, int index)
    {
        Assert.That(DeviceName.TryParse(text, out DeviceName name), Is.True);
        Assert.That(name, Is.EqualTo(new DeviceName(kind, index)));
    }

    [TestCase("")]
    [TestCase("cpu")]
    [TestCase("cuda:")]
    [TestCase("cuda:-1")]
    [TestCase("cuda: 1")]
    [TestCase("cuda:99999999999")]
    [TestCase("ilgpu-cpu:0")]
    [TestCase("CUDA")]
    public void Other_names_are_not(string text) => Assert.That(DeviceName.TryParse(text, out _), Is.False);

    [Test]
    public void Device_that_is_not_there_is_named()
    {
        Assert.That(
            () => IlgpuBackend.Open(new DeviceName(AcceleratorType.Cuda, 77)),
            Throws.TypeOf<DemException>().With.Message.Contains("cuda:77").And.Property(nameof(DemException.Code)).EqualTo(ErrorCode.NoSuchDevice));
    }

    [Test]
    public void All_devices_of_a_kind_are_one_backend_or_none_is_said_to_be_there()
    {
        using (IMergeBackend simulations = IlgpuBackend.OpenAll(AcceleratorType.CPU, IlgpuBackend.MinVramBytes))
            Assert.That(simulations.Name, Is.EqualTo("ilgpu-cpu:all"));

        if (DeviceList.WhyNone(AcceleratorType.Cuda, DeviceList.Find()) is not { } reason)
        {
            using IMergeBackend all = IlgpuBackend.OpenAll(AcceleratorType.Cuda);
            Assert.That(all.Name, Is.EqualTo("cuda:all"));
        }
        else
        {
            Assert.That(
                () => IlgpuBackend.OpenAll(AcceleratorType.Cuda),
                Throws.TypeOf<DemException>().With.Message.EqualTo(reason).And.Property(nameof(DemException.Code)).EqualTo(ErrorCode.NoSuchDevice));
        }
    }

    [Test]
    public void Simulation_is_listed() =>
        Assert.That(DeviceList.Find(), Has.One.Matches<DeviceInfo>(device => device!.Name == Simulation && device.Unusable is null));

    [Test]
    public void Too_little_memory_for_one_leaf_is_an_error_that_says_how_much()
    {
        using IlgpuBackend backend = IlgpuBackend.Open(Simulation, IlgpuBackend.MinVramBytes);
        using ITileWorker worker = backend.CreateWorker();
        using var tensor = new TestTensor(ElementType.F64, 4096, offset: 0);
        double[] sums = new double[6];
        Assert.That(
            () => worker.Gram(false, [tensor.Elements, tensor.Elements, tensor.Elements], sums),
            Throws.TypeOf<DemException>().With.Message.Contains($"{3 * 4096 * 8}"[..3]).And
                .Property(nameof(DemException.Code)).EqualTo(ErrorCode.DeviceOutOfMemory));
    }

    /// <summary>More workers than there are buffers, each of which has to wait.</summary>
    [Test]
    public void Workers_share_the_memory()
    {
        using IlgpuBackend backend = IlgpuBackend.Open(Simulation, 256 << 10);
        Parallel.For(0, 12, new ParallelOptions { MaxDegreeOfParallelism = 4 }, k =>
        {
            using ITileWorker worker = backend.CreateWorker();
            var random = new Random(k);
            using var @case = new CombineCase(RandomCombination.Usual(random, 2), [ElementType.BF16], ElementType.BF16, 40_000 + k, k);
            InputValues.Fill(@case, InputKind.Realistic, random);
            @case.Check(worker);
        });
    }

    /// <summary>Each type takes part, so that what is converted on the way does not overlap.</summary>
    [Test]
    public void Parts_of_mixed_types_are_put_together([Values(ElementType.F8E4M3, ElementType.F64)] ElementType output)
    {
        using IlgpuBackend backend = IlgpuBackend.Open(Simulation, 512 << 10);
        using ITileWorker worker = backend.CreateWorker();
        var random = new Random(3);
        ElementType[] types = [ElementType.BF16, ElementType.F32, ElementType.F8E5M2, ElementType.F64, ElementType.F16, ElementType.F8E4M3];
        using var @case = new CombineCase(RandomCombination.Usual(random, 5), types, output, 20_001, 5);
        InputValues.Fill(@case, InputKind.Special, random);
        @case.Check(worker);
    }
}
