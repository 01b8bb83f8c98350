using System.Buffers;
using System.IO.Hashing;
using System.Text;
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
        Span<byte> memory = new byte[SampleBytes];
        var text = new ArrayBufferWriter<byte>();
        StoredTensor[] tensors = [.. checkpoint.Tensors];
        Array.Sort(tensors, (a, b) => string.CompareOrdinal(a.Spec.Name, b.Spec.Name));
        foreach (StoredTensor tensor in tensors)
        {
            TensorSpec spec = tensor.Spec;
            text.ResetWrittenCount();
            Encoding.UTF8.GetBytes(spec.Name, text);
            Encoding.UTF8.GetBytes($"\n{spec.Type.SafetensorsName}\n{spec.Shape}\n", text);
            hash.Append(text.WrittenSpan);

            int count = (int)Math.Min(spec.UnitCount, SampleBytes / spec.Type.Size);
            Span<byte> sample = memory[..(count * spec.Type.Size)];
            long last = spec.UnitCount - count;
            long read = -1;
            foreach (long first in (ReadOnlySpan<long>)[0, last / 2, last])
            {
                // A small tensor is its own sample, and need not be read three times.
                if (first != read)
                    tensor.Peek(first, sample);
                read = first;
                hash.Append(sample);
            }
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
            throw new DemException(ErrorCode.UnreadableFile, $"{path}: {e.Message}", e) { Path = path };
        }
    }
}
