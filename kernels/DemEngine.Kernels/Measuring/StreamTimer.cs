using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>How long work on a stream takes, by the device's own clock.</summary>
internal static class StreamTimer
{
    private const double SeriesSeconds = 0.02;
    private const double MaxSeconds = 1;
    private const int MaxCalls = 100;
    private const int Series = 5;

    /// <summary>Measures.</summary>
    /// <param name="stream">Where the work goes.</param>
    /// <param name="enqueue">Asks for it once.</param>
    /// <returns>Seconds a call: the median of several series, of one where a call is slow.</returns>
    public static double Seconds(AcceleratorStream stream, Action enqueue)
    {
        // Once to compile and to fill caches, once to see how long it takes.
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

        // The simulation's clock may stand still for so short a time.
        return Math.Max((end - start).TotalSeconds, 1e-7);
    }
}
