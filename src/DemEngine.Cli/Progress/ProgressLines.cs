namespace DemEngine.Cli.Progress;

/// <summary>Writes progress to a log: one plain line every few seconds.</summary>
internal sealed class ProgressLines<T>(ProgressText<T> text, TextWriter output, TimeProvider clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly long _start = clock.GetTimestamp();
    private long _last = clock.GetTimestamp();

    /// <summary>Progress callback; called often and from any thread.</summary>
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
