using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Tests.Backends;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>Devices beside other libraries that use them, and many workers of one device.</summary>
public sealed class ContextTests
{
    private const int Elements = 20_000;

    private static readonly DeviceName First = new(AcceleratorType.Cuda, 0);

    [OneTimeSetUp]
    public void NeedEmulation() => Cuda.NeedEmulation();

    /// <summary>As where Torch evaluates in the thread in which a search merges.</summary>
    [Test]
    public void Another_librarys_context_is_left_as_it_was_and_does_not_matter()
    {
        nint others = Cuda.OtherContext();
        using (IlgpuBackend backend = IlgpuBackend.Open(First, 8 << 20))
        {
            Assert.That(Cuda.Context, Is.EqualTo(others), "after opening");
            using (ITileWorker worker = backend.CreateWorker())
            {
                for (int k = 0; k < 3; k++)
                {
                    Check(worker, new Random(k));
                    Assert.That(Cuda.Context, Is.EqualTo(others), "after a tile");
                }
            }

            using var bytes = new NativeBuffer(4096);
            using (backend.MakeResident([bytes.Bytes]))
                Assert.That(Cuda.Context, Is.EqualTo(others), "with resident inputs");
            Assert.That(backend.UsedDeviceBytes, Is.Positive);
            Assert.That(Cuda.Context, Is.EqualTo(others));
        }

        Assert.That(Cuda.Context, Is.EqualTo(others), "after closing");
        Cuda.Context = 0;
    }

    [Test]
    public void Threads_that_wait_for_a_device_sleep()
    {
        using IlgpuBackend backend = IlgpuBackend.Open(First, IlgpuBackend.MinVramBytes);
        Assert.That(Cuda.Count("context_flags"), Is.EqualTo(4), "CU_CTX_SCHED_BLOCKING_SYNC");
    }

    [Test]
    public void Many_workers_share_a_device_and_its_kernels()
    {
        using IlgpuBackend backend = IlgpuBackend.Open(First, 4 << 20);
        var failures = new List<Exception>();
        Thread[] threads =
        [
            .. Enumerable.Range(0, 12).Select(seed => new Thread(() =>
            {
                try
                {
                    using ITileWorker worker = backend.CreateWorker();
                    for (int k = 0; k < 8; k++)
                        Check(worker, new Random((100 * seed) + k));
                }
                catch (Exception e)
                {
                    lock (failures)
                        failures.Add(e);
                }
            })),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.That(failures, Is.Empty);
    }

    /// <summary>The bytes of a random combination are the processor's.</summary>
    private static void Check(ITileWorker worker, Random random)
    {
        LinearCombination combination = RandomCombination.Next(random, terms: random.Next(1, 4));
        ElementType type = random.Next(2) == 0 ? ElementType.BF16 : ElementType.F32;
        NativeBuffer[] inputs = [.. Enumerable.Range(0, combination.InputCount).Select(_ => new NativeBuffer(Elements * type.Size))];
        using var byDevice = new NativeBuffer(Elements * type.Size);
        using var byProcessor = new NativeBuffer(Elements * type.Size);
        foreach (NativeBuffer input in inputs)
        {
            random.NextBytes(input.Bytes.Span);
            for (int k = type.Size - 1; k < input.Bytes.Length; k += type.Size)
                input.Bytes.Span[k] &= 0xBF;
        }

        TypedBytes[] typed = [.. inputs.Select(input => new TypedBytes(type, input.Bytes))];
        worker.Combine(combination, typed, new TypedBytes(type, byDevice.Bytes));
        using var cpu = new CpuBackend();
        using ITileWorker processor = cpu.CreateWorker();
        processor.Combine(combination, typed, new TypedBytes(type, byProcessor.Bytes));
        bool isSame = byDevice.Bytes.Span.SequenceEqual(byProcessor.Bytes.Span);
        Array.ForEach(inputs, input => input.Dispose());
        if (!isSame)
            throw new InvalidOperationException($"the device's bytes differ: {combination.Terms.Length} terms of {type}");
    }
}
