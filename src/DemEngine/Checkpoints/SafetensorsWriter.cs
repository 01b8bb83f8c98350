using DemEngine.Files;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>
/// Writes one safetensors file atomically: the data are written to a file beside it and synced, and that file is renamed. The
/// name always refers to the complete new file or to what was there before.
/// </summary>
internal static class SafetensorsWriter
{
    private const int PartBytes = 1 << 20;

    /// <summary>Writes a file, replacing one that may be there.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="tensors">
    /// Tensors to write; those with larger elements come first in the file, otherwise the order is kept.
    /// </param>
    /// <param name="metadata">Free text for the header, by key.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull): the disk is full. DEM4002 (WriteFailed): writing failed.</exception>
    public static void Write(
        string path,
        IReadOnlyCollection<ITensorData> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ShardLayout layout = ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), long.MaxValue, metadata);
        Dictionary<string, ITensorData> byName = tensors.ToDictionary(tensor => tensor.Spec.Name, StringComparer.Ordinal);
        string partial = $"{path}.partial";
        try
        {
            using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(layout.Shards[0].Header.Span);
                using var scratch = new NativeBuffer(PartBytes);
                foreach (PlacedTensor place in layout.Tensors)
                    Copy(byName[place.Spec.Name], file, scratch);
                file.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
            LinuxFile.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, path);
        }
    }

    private static void Copy(ITensorData tensor, FileStream file, NativeBuffer scratch)
    {
        int part = PartBytes / tensor.Spec.Type.Size;
        long units = tensor.Spec.UnitCount;
        for (long first = 0; first < units; first += part)
            file.Write(tensor.Read(first, (int)Math.Min(part, units - first), scratch.Bytes).Bytes.Span);
    }
}
