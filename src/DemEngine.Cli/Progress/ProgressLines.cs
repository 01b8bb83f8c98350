namespace DemEngine.Cli.Progress;

/// <summary>Progress for logs: one plain line now and then.</summary>
internal sealed class ProgressLines<T>(ProgressText<T> text, TextWriter output, TimeProvider clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly long _start = clock.GetTimestamp();
    private long _last = clock.GetTimestamp();

    /// <summary>Told often, from any thread.</summary>
    public void Report(T progress)
    {
        lock (_lock)
        {
            if (clock.GetElapsedTime(_last) < Interval)
                return;
            _last = clock.GetTimestamp();
            output.WriteLine(text.Line(progress, clock.GetElapsedTime(_start)));
        }
    }
}
