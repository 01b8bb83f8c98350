using System.IO.Hashing;
using System.Text;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>
/// Fingerprint that tells one checkpoint from another without reading all of it: XXH3-128 over every tensor's name, type, shape,
/// and its first, middle and last 4 KiB, in the order of the names. It does not depend on how the checkpoint is split into
/// shards. Two checkpoints that differ only between the samples have the same fingerprint, but fine-tuning changes nearly every
/// element.
/// </summary>
internal static class Fingerprint
{
    private const int SampleBytes = 4096;

    /// <summary>Computes the fingerprint of a checkpoint.</summary>
    /// <returns>Fingerprint as 32 hexadecimal digits.</returns>
    public static string Of(Checkpoint checkpoint)
    {
        var hash = new XxHash128();
        using var scratch = new NativeBuffer(SampleBytes);
        foreach (StoredTensor tensor in checkpoint.Tensors.OrderBy(tensor => tensor.Spec.Name, StringComparer.Ordinal))
        {
            TensorSpec spec = tensor.Spec;
            hash.Append(Encoding.UTF8.GetBytes($"{spec.Name}\n{spec.Type.SafetensorsName}\n{spec.Shape}\n"));

            int sample = (int)Math.Min(spec.UnitCount, SampleBytes / spec.Type.Size);
            long last = spec.UnitCount - sample;
            foreach (long first in new[] { 0, last / 2, last })
                hash.Append(tensor.Read(first, sample, scratch.Bytes).Bytes.Span);
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>Computes the XXH3-128 hash of a whole file, such as a data set.</summary>
    /// <returns>Hash as 32 hexadecimal digits.</returns>
    /// <exception cref="DemException">DEM2022 (UnreadableFile): the file cannot be read.</exception>
    public static string OfFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            var hash = new XxHash128();
            hash.Append(file);
            return Convert.ToHexStringLower(hash.GetCurrentHash());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.UnreadableFile, $"{path}: {e.Message}", e);
        }
    }
}
