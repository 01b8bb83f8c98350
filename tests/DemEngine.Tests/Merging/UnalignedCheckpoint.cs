using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>A checkpoint as other programs may write it: data at odd offsets, in any order, over several shards.</summary>
internal static class UnalignedCheckpoint
{
    public static void Write(string folder, IReadOnlyList<(TensorSpec Spec, byte[] Bytes)> tensors, int shards)
    {
        Directory.CreateDirectory(folder);
        var map = new List<string>();
        for (int shard = 0; shard < shards; shard++)
        {
            string name = $"part-{shard}.safetensors";
            (TensorSpec Spec, byte[] Bytes)[] own = [.. tensors.Where((_, k) => k % shards == shard)];
            File.WriteAllBytes(Path.Combine(folder, name), Shard(own));
            map.AddRange(own.Select(tensor => $"\"{tensor.Spec.Name}\":\"{name}\""));
        }

        File.WriteAllText(Path.Combine(folder, Checkpoint.IndexFileName), "{\"weight_map\":{" + string.Join(",", map) + "}}");
    }

    private static byte[] Shard((TensorSpec Spec, byte[] Bytes)[] tensors)
    {
        var entries = new List<string>();
        long offset = 0;
        foreach (var (spec, bytes) in tensors)
            entries.Add(SafetensorsText.Tensor(spec.Name, spec.Type.SafetensorsName, spec.Shape.ToString(), offset, offset += bytes.Length));

        string header = SafetensorsText.Header([.. entries]);
        if (header.Length % 2 == 0)
            header += " "; // Behind a prefix of eight bytes, an odd length leaves everything unaligned.
        return [.. SafetensorsText.Build(header), .. tensors.SelectMany(tensor => tensor.Bytes)];
    }
}
