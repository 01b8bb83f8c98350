using System.Diagnostics;
using System.Globalization;

namespace DemEngine.Lab.Benchmarking;

/// <summary>
/// Watches the memory that a process holds for itself: heaps and stacks, not the pages of mapped files, which the system takes back as it
/// likes. From <c>RssAnon</c> in /proc/self/status; elsewhere the whole working set.
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

    /// <summary>The most bytes seen so far.</summary>
    public long Peak => Volatile.Read(ref _peak);

    private static long Now
    {
        get
        {
            const string path = "/proc/self/status";
            const string key = "RssAnon:";
            if (File.Exists(path) && File.ReadLines(path).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line)
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
