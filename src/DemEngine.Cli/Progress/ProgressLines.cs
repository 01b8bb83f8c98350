using System.Text.Encodings.Web;
using System.Text.Json;

namespace DemEngine.Cli.Progress;

/// <summary>Writes progress to a log: one plain line every few seconds, or one JSON object a second for a program.</summary>
internal sealed class ProgressLines<T>(ProgressText<T> text, TextWriter output, TimeProvider clock, bool isJson = false)
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan JsonInterval = TimeSpan.FromSeconds(1);
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private readonly long _start = clock.GetTimestamp();
    private long _last = clock.GetTimestamp();
    private bool _isFirst = true;
    private bool _wasComplete;

    /// <summary>Progress callback; may be called often and from any thread.</summary>
    public void Report(T progress)
    {
        lock (_lock)
        {
            if (!IsDue(progress))
                return;
            _last = clock.GetTimestamp();
            TimeSpan elapsed = clock.GetElapsedTime(_start);
            output.WriteLine(isJson ? text.Json(progress, elapsed).ToJsonString(Relaxed) : text.Line(progress, elapsed));
        }
    }

    /// <summary>A program also gets the first report, and that all is done.</summary>
    private bool IsDue(T progress)
    {
        if (!isJson)
            return clock.GetElapsedTime(_last) >= PlainInterval;
        bool isComplete = text.Share(progress) >= 1;
        bool isDue = _isFirst || (isComplete && !_wasComplete) || clock.GetElapsedTime(_last) >= JsonInterval;
        _isFirst = false;
        _wasComplete = isComplete;
        return isDue;
    }
}
