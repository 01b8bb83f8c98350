using System.Diagnostics;
using DemEngine.Tests.Checkpoints;

namespace DemEngine.Tests.Faults;

/// <summary>Runs readers on spoilt files, which must give a result or a named error.</summary>
internal static class Mutations
{
    private const int Usual = 400;

    // A file of a few kilobytes takes milliseconds and megabytes; these are far from both, so that a busy machine fails nothing.
    private const double MostSeconds = 60;
    private const long MostBytes = 300_000_000;

    /// <summary>How many files of each kind: few, or as many as the environment variable DEM_MUTATIONS says.</summary>
    public static int Count =>
        int.TryParse(Environment.GetEnvironmentVariable("DEM_MUTATIONS"), out int count) && count > 0 ? count : Usual;

    /// <summary>Reads mutations of a file of text.</summary>
    /// <param name="seed">Decides which mutations.</param>
    /// <param name="file">Contents of a file that can be read.</param>
    /// <param name="read">Reads contents; may throw only documented errors.</param>
    /// <param name="isEverRefused">False where the reader passes over what is damaged, and never throws.</param>
    public static void Run(int seed, byte[] file, Action<byte[]> read, bool isEverRefused = true)
    {
        var mutation = new HeaderMutation(seed);
        if (!JsonMutation.Fits(file))
        {
            Run(file, () => mutation.Spoil(file), read, isEverRefused);
            return;
        }

        var json = new JsonMutation(seed);
        int made = 0;
        Run(file, () => made++ % 2 == 0 ? mutation.Spoil(file) : json.Spoil(file), read, isEverRefused);
    }

    /// <summary>Reads mutations of a file of numbers and lengths.</summary>
    /// <param name="seed">Decides which mutations.</param>
    /// <param name="file">Contents of a file that can be read.</param>
    /// <param name="read">Reads contents; may throw only documented errors.</param>
    public static void RunBinary(int seed, byte[] file, Action<byte[]> read)
    {
        var mutation = new BinaryMutation(seed);
        Run(file, () => mutation.Spoil(file), read, isEverRefused: true);
    }

    private static void Run(byte[] file, Func<byte[]> spoil, Action<byte[]> read, bool isEverRefused)
    {
        read(file);
        var codes = new SortedDictionary<int, int>();
        double slowest = 0;
        long most = 0;
        for (int k = 0; k < Count; k++)
        {
            byte[] spoilt = spoil();
            int code = 0;
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            try
            {
                read(spoilt);
            }
            catch (DemException e) when (e.Code != ErrorCode.Internal)
            {
                code = e.Code.Number;
                if (e.Message.Length > 20_000)
                    Assert.Fail($"a message of {e.Message.Length} characters: {e.Message[..200]}");
                if (e.Message.Any(char.IsControl))
                    Assert.Fail($"a terminal would obey {Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(e.Message))}: {e.Message}");
            }
            catch (Exception e)
            {
                Assert.Fail($"{e}\n{Convert.ToBase64String(spoilt)}\n{System.Text.Encoding.Latin1.GetString(spoilt)}");
            }

            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            slowest = Math.Max(slowest, seconds);
            most = Math.Max(most, bytes);
            if (seconds > MostSeconds || bytes > MostBytes)
                Assert.Fail($"{seconds:0.0} s and {bytes:N0} bytes for {Convert.ToBase64String(spoilt)}");
            codes[code] = codes.GetValueOrDefault(code) + 1;
        }

        TestContext.Out.WriteLine($"{Count} files: {string.Join(", ", codes.Select(pair => $"{(pair.Key == 0 ? "read" : $"DEM{pair.Key}")} {pair.Value}"))}; at most {slowest * 1000:0} ms, {most >> 20} MiB each");
        Assert.That(codes.Keys.Any(code => code > 0), Is.EqualTo(isEverRefused), "else nothing was spoilt");
    }
}
