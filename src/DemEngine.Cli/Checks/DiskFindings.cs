using System.Diagnostics;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Files;
using DemEngine.Lab.Benchmarking;
using DemEngine.Memory;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Cli.Checks;

/// <summary>Looks at a folder's disk: its room, and how fast files on it are written and read in each way.</summary>
internal static class DiskFindings
{
    private const long RoomWanted = 20_000_000_000;
    private const int BytesOfFile = 128 << 20;
    private const int BytesAtOnce = 1 << 20;
    private const int Rounds = 2;

    /// <summary>Gives the findings. A file of 128 MiB is written for it, and removed.</summary>
    /// <param name="folder">The folder.</param>
    public static IEnumerable<Finding> All(string folder)
    {
        Finding room = Room(folder);
        return room.Health == Health.Fail ? [room] : [room, .. Rates(folder)];
    }

    private static Finding Room(string folder)
    {
        if (!Directory.Exists(folder))
            return new Finding(
                "disk", Health.Fail, $"{folder}: there is no such folder", "Name a folder that is there, with --dir.");
        try
        {
            long free = DiskRoom.FreeIn(folder);
            string text = $"{Sizes.Format(free)} free at {folder}";
            return free >= RoomWanted
                ? new Finding("disk", Health.Ok, text)
                : new Finding(
                    "disk", Health.Warn, text, "A model of 7 billion parameters takes 15 GB: free space, or work elsewhere.");
        }
        catch (Exception e) when (e is DemException or ArgumentException)
        {
            return new Finding("disk", Health.Fail, $"{folder}: {e.Message}", "Name a folder that is there, with --dir.");
        }
    }

    private static List<Finding> Rates(string folder)
    {
        string file = Path.Combine(folder, $".dem-doctor-{Environment.ProcessId}.safetensors");
        var findings = new List<Finding>();
        try
        {
            findings.Add(new Finding("writing", Health.Ok, $"{Rate(Write(file))}, until on disk"));
            foreach (IoMode io in new[] { IoMode.Mmap, IoMode.Pread, IoMode.Direct })
                findings.Add(new Finding($"--io {io.ToString().ToLowerInvariant()}", Health.Ok, Rates(file, io)));
        }
        catch (Exception e) when (e is DemException || WriteError.Covers(e))
        {
            findings.Add(new Finding(
                "writing", Health.Fail, e.Message, "Check the permissions and the disk, or name another folder with --dir."));
        }
        finally
        {
            File.Delete(file);
        }

        return findings;
    }

    /// <summary>Tells how fast a file is read from the disk, where the page cache can be emptied of it, and then again.</summary>
    private static string Rates(string file, IoMode io)
    {
        double fromDisk = double.PositiveInfinity;
        double again = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            fromDisk = PageCache.Drop([file]) ? Math.Min(fromDisk, Read(file, io)) : fromDisk;
            again = Math.Min(again, Read(file, io));
        }

        return double.IsFinite(fromDisk) ? $"{Rate(fromDisk)} from the disk, {Rate(again)} again" : Rate(again);
    }

    private static string Rate(double seconds) => $"{Sizes.Format(BytesOfFile / seconds)}/s";

    private static double Write(string path)
    {
        long start = Stopwatch.GetTimestamp();
        var layout = ShardLayout.Plan([new TensorSpec("doctor", ElementType.U8, new TensorShape(BytesOfFile))]);
        using var block = new NativeBuffer(BytesAtOnce);
        new Random(1).NextBytes(block.Bytes.Span); // Bytes that no file system compresses.
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, layout.Shards[0].Header.Span, 0);
        for (long done = 0; done < BytesOfFile; done += BytesAtOnce)
            RandomAccess.Write(file, block.Bytes.Span, layout.Tensors[0].Offset + done);
        RandomAccess.FlushToDisk(file);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Read(string path, IoMode io)
    {
        using var copy = new NativeBuffer(BytesAtOnce);
        using var scratch = new NativeBuffer(BytesAtOnce);
        long start = Stopwatch.GetTimestamp();
        using Checkpoint checkpoint = Checkpoint.Open(path, io);
        StoredTensor tensor = checkpoint.Tensors[0];
        tensor.WillNeed(0, BytesOfFile);
        for (long done = 0; done < BytesOfFile; done += BytesAtOnce)
            tensor.Read(done, BytesAtOnce, scratch.Bytes).Bytes.Span.CopyTo(copy.Bytes.Span);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
