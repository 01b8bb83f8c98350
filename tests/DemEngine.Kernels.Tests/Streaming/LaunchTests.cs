using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Launching;

namespace DemEngine.Kernels.Tests.Streaming;

/// <summary>What OpenCL needs: launches of a kernel one at a time, and arithmetic with subnormal numbers.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class LaunchTests
{
    /// <summary>An OpenCL launch sets arguments one by one, then enqueues; here with time for another thread in between.</summary>
    [Test]
    public void Launches_of_one_kernel_never_mix_their_arguments()
    {
        int argument = 0;
        int mixed = 0;
        Action<int, int, int, int, int> launch = KernelLoading.OneAtATime<int, int, int, int, int>((_, _, a, _, _) =>
        {
            argument = a;
            Thread.Yield();
            Thread.SpinWait(100);
            if (Volatile.Read(ref argument) != a)
                Interlocked.Increment(ref mixed);
        });
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(k => new Thread(() =>
        {
            for (int n = 0; n < 500; n++)
                launch(0, 0, (1000 * k) + n, 0, 0);
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.That(mixed, Is.Zero);
    }

    // CL_FP_DENORM is the lowest bit, CL_FP_INF_NAN and CL_FP_ROUND_TO_NEAREST are the next two.
    [TestCase(0b111, true)]
    [TestCase(0b110, false)]
    public void Devices_without_subnormal_numbers_are_told_by_their_bits(long arithmetic, bool keeps) =>
        Assert.That(DeviceList.KeepsSubnormals(arithmetic), Is.EqualTo(keeps));
}
