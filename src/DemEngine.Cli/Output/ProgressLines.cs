using DemEngine.Merging;

namespace DemEngine.Cli.Output;

/// <summary>Progress for logs: one plain line now and then.</summary>
internal sealed class ProgressLines(TextWriter output, TimeProvider clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const double LongestSeconds = 1e6;

    private readonly Lock _lock = new();
    private readonly long _start = clock.GetTimestamp();
    private long _last = clock.GetTimestamp();

    /// <summary>Told often, from any thread.</summary>
    public void Report(RunProgress progress)
    {
        lock (_lock)
        {
            if (clock.GetElapsedTime(_last) < Interval)
                return;
            _last = clock.GetTimestamp();
            output.WriteLine($"{progress.Phase}: {Describe(progress, clock.GetElapsedTime(_start))}");
        }
    }

    /// <summary>How much of how much, how fast, and how long it will take.</summary>
    internal static string Describe(RunProgress progress, TimeSpan elapsed)
    {
        double rate = progress.BytesDone / Math.Max(elapsed.TotalSeconds, 1e-3);
        var rest = TimeSpan.FromSeconds(Math.Min((progress.BytesTotal - progress.BytesDone) / Math.Max(rate, 1), LongestSeconds));
        string left = rate > 0 ? $", {(int)rest.TotalHours}{rest:\\:mm\\:ss} left" : "";
        return $"{Sizes.Format(progress.BytesDone)} of {Sizes.Format(progress.BytesTotal)}, {rate / 1e9:0.00} GB/s{left}";
    }
}
