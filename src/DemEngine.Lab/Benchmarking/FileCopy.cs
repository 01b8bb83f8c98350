using System.Diagnostics;
using DemEngine.Memory;

namespace DemEngine.Lab.Benchmarking;

/// <summary>Measures how fast the machine copies files with the system's own copy.</summary>
internal static class FileCopy
{
    /// <summary>Copies files into a folder, each thread one file at a time.</summary>
    /// <returns>Duration in seconds.</returns>
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
