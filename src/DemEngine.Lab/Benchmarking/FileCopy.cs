using System.Diagnostics;
using DemEngine.Memory;

namespace DemEngine.Lab.Benchmarking;

/// <summary>How fast the machine copies files, as the system itself does it.</summary>
internal static class FileCopy
{
    /// <summary>Copies files, each thread one at a time.</summary>
    /// <returns>Seconds.</returns>
    public static double Measure(IReadOnlyList<string> files, string folder, int threads)
    {
        long start = Stopwatch.GetTimestamp();
        int next = -1;
        WorkerThreads.Run(
            threads,
            (_, _) =>
            {
                for (int file; (file = Interlocked.Increment(ref next)) < files.Count;)
                    File.Copy(files[file], Path.Combine(folder, Path.GetFileName(files[file])));
            },
            default);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
