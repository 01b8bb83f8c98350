using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests;

/// <summary>A small checkpoint on disk, laid out as the engine lays out its own.</summary>
internal static class TestCheckpoint
{
    /// <summary>A tensor and its bytes; a pattern made from the name if none are given.</summary>
    public static (TensorSpec Spec, byte[] Bytes) Tensor(string name, ElementType type, long[] shape, byte[]? bytes = null)
    {
        var spec = new TensorSpec(name, type, new TensorShape([.. shape]));
        return (spec, bytes ?? SafetensorsText.Pattern((int)spec.ByteLength, name.Sum(c => c)));
    }

    /// <summary>Writes the shards, and an index if there are several.</summary>
    public static ShardLayout Write(
        string folder,
        IReadOnlyCollection<(TensorSpec Spec, byte[] Bytes)> tensors,
        long maxShardBytes = ShardLayout.DefaultMaxShardBytes,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var layout = ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), maxShardBytes, metadata);
        var bytes = tensors.ToDictionary(tensor => tensor.Spec.Name, tensor => tensor.Bytes);
        Directory.CreateDirectory(folder);
        for (int shard = 0; shard < layout.Shards.Length; shard++)
        {
            PlannedShard planned = layout.Shards[shard];
            using FileStream file = File.Create(Path.Combine(folder, planned.FileName));
            file.SetLength(planned.Length);
            file.Write(planned.Header.Span);
            foreach (PlacedTensor tensor in layout.Tensors.Where(tensor => tensor.Shard == shard))
            {
                file.Position = tensor.Offset;
                file.Write(bytes[tensor.Spec.Name]);
            }
        }

        if (layout.BuildIndex() is { } index)
            File.WriteAllBytes(Path.Combine(folder, Checkpoint.IndexFileName), index);
        return layout;
    }
}
