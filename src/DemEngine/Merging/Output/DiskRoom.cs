using DemEngine.Files;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>Disk space that an output needs and that is free.</summary>
/// <param name="NeededBytes">
/// Number of bytes that the output takes. An output that it replaces is deleted only afterwards.
/// </param>
/// <param name="FreeBytes">Number of bytes that are free now.</param>
public sealed record DiskRoom(long NeededBytes, long FreeBytes)
{
    internal static DiskRoom For(OutputPlan plan, string output, bool hasCard)
    {
        string folder = Path.GetFullPath(output);
        while (!Directory.Exists(folder))
            folder = Path.GetDirectoryName(folder)!;
        return new DiskRoom(plan.BytesToWrite + (hasCard ? plan.Card?.Bytes ?? 0 : 0), FreeIn(folder));
    }

    /// <summary>Number of bytes that are free on a folder's disk.</summary>
    /// <exception cref="DemException">DEM4002 (WriteFailed): the disk does not say.</exception>
    internal static long FreeIn(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, $"{folder}: the disk does not say how much is free");
        }
    }
}
