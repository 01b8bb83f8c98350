using System.Diagnostics;

namespace DemEngine.Merging.Options;

/// <summary>
/// Adds up what threads have done, and reports it one at a time: in order, and not so often that reporting would hold up the
/// work.
/// </summary>
/// <param name="receiver">Callback that receives the reports; null for none.</param>
/// <param name="phase">Name of the phase.</param>
/// <param name="total">Bytes to be read and written in all.</param>
internal sealed class OrderedProgress(Action<RunProgress>? receiver, string phase, long total)
{
    private const int ReportsByBytes = 1000;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private long _done;
    private long _reported;
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Completes a report with what is not counted in bytes; called only for those that are made.</summary>
    public Func<RunProgress, RunProgress> Complete { get; init; } = report => report;

    /// <summary>Adds bytes that a thread has read and written for a tensor.</summary>
    public void Add(string tensor, long bytes)
    {
        if (receiver is null)
            return;
        lock (_lock)
        {
            _done += bytes;
            if (_done < total
                && _done - _reported < total / ReportsByBytes
                && Stopwatch.GetElapsedTime(_last) < Interval)
                return;
            _reported = _done;
            _last = Stopwatch.GetTimestamp();
            receiver(Complete(new RunProgress(phase, _done, total, tensor)));
        }
    }
}
