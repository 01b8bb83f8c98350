using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>Measures how long work on a stream takes, by the device's own clock.</summary>
internal static class StreamTimer
{
    private const double SeriesSeconds = 0.02;
    private const double MaxSeconds = 1;
    private const int MaxCalls = 100;
    private const int Series = 5;

    /// <summary>Measures the time of one call.</summary>
    /// <param name="stream">Stream on which the work is enqueued.</param>
    /// <param name="enqueue">Callback that enqueues the work once.</param>
    /// <returns>Seconds per call: the median of several series, or of one series where a call is slow.</returns>
    public static double Seconds(AcceleratorStream stream, Action enqueue)
    {
        // The first call compiles and fills caches, the second tells how many calls a series needs.
        Time(stream, enqueue, 1);
        double once = Time(stream, enqueue, 1);
        int calls = (int)Math.Clamp(SeriesSeconds / once, 1, MaxCalls);
        int series = once * calls * Series > MaxSeconds ? 1 : Series;
        double[] seconds = [.. Enumerable.Range(0, series).Select(_ => Time(stream, enqueue, calls) / calls).Order()];
        return seconds[series / 2];
    }

    private static double Time(AcceleratorStream stream, Action enqueue, int calls)
    {
        using ProfilingMarker start = stream.AddProfilingMarker();
        for (int k = 0; k < calls; k++)
            enqueue();
        using ProfilingMarker end = stream.AddProfilingMarker();
        stream.Synchronize();

        // The simulation's clock may not advance in so short a time.
        return Math.Max((end - start).TotalSeconds, 1e-7);
    }
}
