using System.Diagnostics;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Lab.Synthesis;

/// <summary>
/// Writes a model whose numbers are all zero as files with holes: of full length, with true headers, index and manifest, and next
/// to nothing on disk. Plans of the largest models can so be tried anywhere.
/// </summary>
public static class SparseCheckpoint
{
    /// <summary>Writes a model.</summary>
    /// <param name="shape">Shape of the model.</param>
    /// <param name="type">Element type of the tensors.</param>
    /// <param name="output">Path of the folder to make.</param>
    /// <param name="options">Run options, which say what may be overwritten and how large shards are.</param>
    /// <exception cref="DemException">
    /// DEM1002 (OutputExists) to DEM1008 (OutputBusy): the folder cannot be made. DEM4001 (DiskFull), DEM4002 (WriteFailed).
    /// </exception>
    public static RunReport Write(IModelShape shape, ElementType type, string output, RunOptions options)
    {
        long start = Stopwatch.GetTimestamp();
        StagingDirectory.Check(output, [], options);
        ShardLayout layout = ShardLayout.Plan(shape.Tensors(type), options.MaxShardBytes);
        using StagingDirectory staging = StagingDirectory.Open(output, options);
        staging.KeepOnly([]);
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal) { [ModelConfig.FileName] = shape.ToConfig(type) };
        if (layout.BuildIndex() is { } index)
            files[Checkpoint.IndexFileName] = index;
        var manifest = new Manifest(
            Manifest.ThisEngine,
            "synth",
            $"{shape} {type.SafetensorsName}, sparse",
            [],
            ZeroTensors(layout))
        {
            Files = ManifestFile.Of(layout.Shards, files),
        };
        files[Manifest.FileName] = manifest.ToJson();
        foreach (PlannedShard shard in layout.Shards)
        {
            using OutputFile file = OutputFile.Create(Path.Combine(staging.Path, shard.FileName));
            file.Write(shard.Header.Span, 0);
            file.SetLength(shard.Length);
            file.Sync();
        }

        foreach (var (name, contents) in files)
            OutputFile.WriteWhole(Path.Combine(staging.Path, name), contents);

        staging.Publish([.. layout.Shards.Select(shard => shard.FileName), .. files.Keys]);
        return new RunReport(
            staging.Output,
            "none",
            layout.Tensors.Length,
            Resumed: 0,
            BytesRead: 0,
            BytesWritten: layout.Shards.Sum(shard => (long)shard.Header.Length) + files.Values.Sum(file => (long)file.Length),
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            SyncSeconds: 0,
            NonFinite: [],
            Remarks: []);
    }

    private static ManifestTensor[] ZeroTensors(ShardLayout layout)
    {
        var hashes = new Dictionary<long, string>();
        byte[] zeros = new byte[ContentHash.LeafBytes];
        byte[] whole = new byte[ContentHash.HashBytes];
        ContentHash.HashLeaves(zeros, whole);
        string HashOf(long bytes)
        {
            if (hashes.TryGetValue(bytes, out string? known))
                return known;
            byte[] leaves = new byte[ContentHash.LeafCount(bytes) * ContentHash.HashBytes];
            for (int at = 0; at < leaves.Length; at += whole.Length)
                whole.CopyTo(leaves, at);
            if ((int)(bytes % ContentHash.LeafBytes) is var rest and > 0)
                ContentHash.HashLeaves(zeros.AsSpan(0, rest), leaves.AsSpan(leaves.Length - ContentHash.HashBytes));
            return hashes[bytes] = ContentHash.Finish(leaves);
        }

        return
        [
            .. layout.Tensors.Select(place => new ManifestTensor(
                place.Spec.Name,
                place.Spec.Type.SafetensorsName,
                place.Spec.Shape.Dimensions,
                HashOf(place.Spec.ByteLength),
                NonFiniteInputs: 0,
                NonFiniteOutputs: 0)),
        ];
    }
}
