using System.Diagnostics;
using DemEngine.Kernels.Streaming;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>Measures a device's copy rates in bytes a second, which limit everything else that is done on it.</summary>
internal static class CopyRates
{
    private const long MaxStagedBytes = 64 << 20;
    private const int Calls = 20;

    /// <summary>Measures copies within device memory, counting bytes read and bytes written.</summary>
    public static double OnDevice(Accelerator accelerator, long maxBytes)
    {
        long bytes = maxBytes / 2;
        using AcceleratorStream stream = accelerator.CreateStream();
        using var copy = new DeviceCopy(stream, bytes);
        return 2 * bytes / StreamTimer.Seconds(stream, copy.Launch);
    }

    /// <summary>
    /// Measures copies from page-locked host memory to the device, copies the other way, and both at once, their bytes added up.
    /// </summary>
    public static (double In, double Out, double Both) ToHost(Accelerator accelerator, long maxBytes)
    {
        int bytes = (int)Math.Min(maxBytes / 2, MaxStagedBytes) & ~0xFFF;
        using var none = new ResidentInputs(accelerator, maxBytes: 0);
        using var first = new TileBuffers(accelerator, bytes, none);
        using var second = new TileBuffers(accelerator, bytes, none);
        first.Host(0, bytes).Fill(1);
        second.Host(0, bytes).Fill(1);
        double copyIn = bytes / StreamTimer.Seconds(first.Stream, () => first.CopyIn(0, bytes));
        double copyOut = bytes / StreamTimer.Seconds(first.Stream, () => first.CopyOut(0, bytes));

        // The copies run on two streams, so only the host's clock can time them.
        int calls = (int)Math.Clamp(Calls * copyIn / bytes, 1, Calls);
        long start = Stopwatch.GetTimestamp();
        for (int k = 0; k < calls; k++)
        {
            first.CopyIn(0, bytes);
            second.CopyOut(0, bytes);
        }

        first.Synchronize();
        second.Synchronize();
        return (copyIn, copyOut, 2.0 * calls * bytes / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
