using System.Diagnostics;
using DemEngine.Memory;

namespace DemEngine.Lab.Benchmarking;

/// <summary>
/// Measures how fast the machine copies from memory to memory with all threads at once: the upper bound of everything that
/// moves bytes.
/// </summary>
internal static class MemoryCopy
{
    private const int Repeats = 5;

    /// <summary>Bytes that each thread copies: far more than caches hold. Tests, which look at no rate, set fewer.</summary>
    internal static int BytesPerThread { get; set; } = 256 << 20;

    /// <summary>Copies large blocks several times and takes the best rate.</summary>
    /// <param name="threads">Number of threads; each copies a block of its own that is far larger than the caches.</param>
    /// <returns>Bytes read and written per second, the best of several rounds.</returns>
    public static double Measure(int threads)
    {
        NativeBuffer[] from = [.. Enumerable.Range(0, threads).Select(_ => new NativeBuffer(BytesPerThread))];
        NativeBuffer[] to = [.. Enumerable.Range(0, threads).Select(_ => new NativeBuffer(BytesPerThread))];
        try
        {
            foreach (NativeBuffer buffer in from.Concat(to))
                buffer.Bytes.Span.Fill(1); // The first write allocates the pages.

            double best = 0;
            for (int repeat = 0; repeat < Repeats; repeat++)
            {
                long start = Stopwatch.GetTimestamp();
                Parallel.For(
                    0,
                    threads,
                    new ParallelOptions { MaxDegreeOfParallelism = threads },
                    k => from[k].Bytes.Span.CopyTo(to[k].Bytes.Span));
                best = Math.Max(best, 2.0 * threads * BytesPerThread / Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            return best;
        }
        finally
        {
            foreach (NativeBuffer buffer in from.Concat(to))
                buffer.Dispose();
        }
    }
}
