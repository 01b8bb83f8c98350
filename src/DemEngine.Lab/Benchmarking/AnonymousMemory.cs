using System.Diagnostics;
using System.Globalization;

namespace DemEngine.Lab.Benchmarking;

/// <summary>
/// Samples the anonymous memory of this process: heaps and stacks, not the pages of mapped files, which the system reclaims as
/// it likes. Reads <c>RssAnon</c> from /proc/self/status where that exists, and the whole working set elsewhere.
/// </summary>
internal sealed class AnonymousMemory : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private long _peak = Now;

    public AnonymousMemory()
    {
        _thread = new Thread(() =>
        {
            while (!_stop.Wait(Interval))
                _peak = Math.Max(_peak, Now);
        })
        { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Highest number of bytes seen so far.</summary>
    public long Peak => Volatile.Read(ref _peak);

    private static long Now
    {
        get
        {
            const string path = "/proc/self/status";
            const string key = "RssAnon:";
            if (File.Exists(path)
                && File.ReadLines(path).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line)
                return long.Parse(line.AsSpan(key.Length).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
            return Process.GetCurrentProcess().WorkingSet64;
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }
}
