using System.Diagnostics;
using DemEngine.Memory;
using DemEngine.Merging;

namespace DemEngine.Benchmarking;

/// <summary>How fast the machine copies files, the best of what it has: the system's own copy of a file, and all threads at once.</summary>
internal static class FileCopy
{
    private const int BlockBytes = 1 << 20;

    /// <summary>Copies files as the system does, one after the other.</summary>
    /// <returns>Seconds.</returns>
    public static double System(IReadOnlyList<string> files, string folder)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (string file in files)
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Copies files block by block on several threads, into files of their full size.</summary>
    /// <returns>Seconds.</returns>
    public static double Threads(IReadOnlyList<string> files, string folder, int threads)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (string path in files)
        {
            using var from = File.OpenHandle(path);
            long length = RandomAccess.GetLength(from);
            using var to = File.OpenHandle(Path.Combine(folder, Path.GetFileName(path)), FileMode.Create, FileAccess.Write, preallocationSize: length);
            long next = 0;
            WorkerThreads.Run(
                threads,
                _ =>
                {
                    using var buffer = new NativeBuffer(BlockBytes);
                    for (long at; (at = Interlocked.Add(ref next, BlockBytes) - BlockBytes) < length;)
                    {
                        int read = RandomAccess.Read(from, buffer.Bytes.Span, at);
                        RandomAccess.Write(to, buffer.Bytes.Span[..read], at);
                    }
                },
                default);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
