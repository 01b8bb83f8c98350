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
    /// <exception cref="DemException">
    /// DEM4001 (DiskFull): the disk is full. DEM4002 (WriteFailed): writing failed. DEM4012 (FileTooLarge), DEM4013
    /// (TooManyOpenFiles): the system's limits are too low.
    /// </exception>
    public static void Write(
        string path,
        IReadOnlyCollection<ITensorData> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ShardLayout layout = ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), long.MaxValue, metadata);
        Dictionary<string, ITensorData> byName = tensors.ToDictionary(tensor => tensor.Spec.Name, StringComparer.Ordinal);
        OutputFile.Replace(path, file =>
        {
            ReadOnlySpan<byte> header = layout.Shards[0].Header.Span;
            file.Write(header, 0);
            using var scratch = new NativeBuffer(PartBytes);
            foreach (PlacedTensor place in layout.Tensors)
                Copy(byName[place.Spec.Name], file, place.Offset, scratch);
        });
    }

    private static void Copy(ITensorData tensor, OutputFile file, long offset, NativeBuffer scratch)
    {
        int part = PartBytes / tensor.Spec.Type.Size;
        long units = tensor.Spec.UnitCount;
        for (long first = 0; first < units; first += part)
        {
            ReadOnlySpan<byte> bytes = tensor.Read(first, (int)Math.Min(part, units - first), scratch.Bytes).Bytes.Span;
            file.Write(bytes, offset + (first * tensor.Spec.Type.Size));
        }
    }
}
