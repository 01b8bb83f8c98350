using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>Disk space that an output needs and that is free.</summary>
/// <param name="NeededBytes">
/// Number of bytes that the output takes. An output that it replaces is deleted only afterwards.
/// </param>
/// <param name="FreeBytes">Number of bytes that are free now.</param>
public sealed record DiskRoom(long NeededBytes, long FreeBytes)
{
    /// <summary>Throws if the output does not fit.</summary>
    /// <param name="output">Path of the output, for the message.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull): more is needed than is free.</exception>
    public void Require(string output)
    {
        if (NeededBytes > FreeBytes)
            throw new DemException(ErrorCode.DiskFull, $"{output}: {NeededBytes} bytes are needed, {FreeBytes} are free");
    }

    internal static DiskRoom For(OutputPlan plan, string output, RunOptions options)
    {
        // A run that goes on has its shards already, at their full lengths.
        string staging = StagingDirectory.PathFor(output);
        long there = options.Unfinished != UnfinishedRun.Resume
            ? 0
            : plan.Layout.Shards.Select(shard => new FileInfo(Path.Combine(staging, shard.FileName)))
                .Where(file => file.Exists).Sum(file => file.Length);
        long needed = Math.Max(0, plan.BytesToWrite - there) + (options.Card ? plan.Card?.Bytes ?? 0 : 0);
        return new DiskRoom(needed, FreeFor(output));
    }

    /// <summary>Number of bytes that are free on the disk where a folder is or will be.</summary>
    /// <exception cref="DemException">DEM4002 (WriteFailed): the disk does not say.</exception>
    internal static long FreeFor(string path)
    {
        string folder = Path.GetFullPath(path);
        while (!Directory.Exists(folder))
            folder = Path.GetDirectoryName(folder)!;
        return FreeIn(folder);
    }

    /// <summary>Number of bytes that are free on a folder's disk.</summary>
    /// <exception cref="DemException">DEM4002 (WriteFailed): the disk does not say.</exception>
    internal static long FreeIn(string folder)
    {
        try
        {
            while (true)
            {
                try
                {
                    return new DriveInfo(folder).AvailableFreeSpace;
                }
                catch (IOException e) when (LinuxFile.IsInterrupted(e))
                {
                    // A signal came in between; .NET asks again for files, and not for disks.
                }
            }
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, $"{folder}: the disk does not say how much is free");
        }
    }
}
