using DemEngine.Files;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>
/// Writes one safetensors file so that its name leads to all of it or to what was there before: written beside it, synced, renamed.
/// </summary>
internal static class SafetensorsWriter
{
    private const int PartBytes = 1 << 20;

    /// <summary>Writes a file, in place of one that may be there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">What it is to hold; larger elements come first in it, otherwise the order is kept.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="DemException">DEM4001, DEM4002: there is no room, or it could not be written.</exception>
    public static void Write(string path, IReadOnlyCollection<ITensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null)
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
        long elements = tensor.Spec.Shape.ElementCount;
        for (long first = 0; first < elements; first += part)
            file.Write(tensor.Read(first, (int)Math.Min(part, elements - first), scratch.Bytes).Bytes.Span);
    }
}
