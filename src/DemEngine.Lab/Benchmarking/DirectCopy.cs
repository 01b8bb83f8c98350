using System.Diagnostics;
using DemEngine.Files;
using DemEngine.Memory;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Lab.Benchmarking;

/// <summary>
/// Measures how fast a disk reads and writes at once when nothing is computed and the page cache is passed by: the limit of a
/// merge whose inputs are not in the cache.
/// </summary>
internal static class DirectCopy
{
    private const int BlockBytes = 4 << 20;
    private const int Readers = 4;
    private const int Writers = 2;

    /// <summary>Reads files, and writes one meanwhile.</summary>
    /// <param name="files">Files to read, whole blocks of them.</param>
    /// <param name="output">Path of the file to write, which is deleted afterwards.</param>
    /// <param name="outputBytes">Number of bytes to write, of which whole blocks are written.</param>
    /// <param name="cancel">Token that stops between blocks.</param>
    /// <returns>Duration in seconds until everything was on disk; null where the file system reads only through the
    /// cache.</returns>
    public static double? Measure(IReadOnlyList<string> files, string output, long outputBytes, CancellationToken cancel)
    {
        var inputs = new SafeFileHandle?[files.Count];
        try
        {
            File.Create(output).Dispose();
            using SafeFileHandle? written = LinuxFile.TryOpenDirect(output, forWriting: true);
            for (int k = 0; k < inputs.Length; k++)
                inputs[k] = LinuxFile.TryOpenDirect(files[k]);
            if (written is null || inputs.Contains(null))
                return null;

            (SafeFileHandle File, long Offset)[] reads =
                [.. inputs.SelectMany(file => Blocks(RandomAccess.GetLength(file!)).Select(offset => (file!, offset)))];
            long[] writes = [.. Blocks(outputBytes)];
            int read = -1, write = -1;
            long start = Stopwatch.GetTimestamp();
            WorkerThreads.Run(
                Readers + Writers,
                (thread, stop) =>
                {
                    using var block = new NativeBuffer(BlockBytes);
                    block.Bytes.Span.Fill((byte)thread);
                    if (thread < Readers)
                    {
                        for (int k; !stop.IsCancellationRequested && (k = Interlocked.Increment(ref read)) < reads.Length;)
                            RandomAccess.Read(reads[k].File, block.Bytes.Span, reads[k].Offset);
                    }
                    else
                    {
                        for (int k; !stop.IsCancellationRequested && (k = Interlocked.Increment(ref write)) < writes.Length;)
                            RandomAccess.Write(written, block.Bytes.Span, writes[k]);
                    }
                },
                cancel);
            RandomAccess.FlushToDisk(written);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        catch (IOException e) when (LinuxFile.IsNotPossible(e))
        {
            return null;
        }
        finally
        {
            foreach (SafeFileHandle? input in inputs)
                input?.Dispose();
            File.Delete(output);
        }
    }

    private static IEnumerable<long> Blocks(long length)
    {
        for (long offset = 0; offset + BlockBytes <= length; offset += BlockBytes)
            yield return offset;
    }
}
