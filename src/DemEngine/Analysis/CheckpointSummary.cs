using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>What a checkpoint holds, from its headers alone.</summary>
/// <param name="Path">What was opened.</param>
/// <param name="Kind"><c>model</c>, or <c>distribution vector</c>.</param>
/// <param name="Files">Its shards, in the order of their names.</param>
/// <param name="Tensors">Its tensors, in the order in which they lie in the shards.</param>
/// <param name="Metadata">The free text in the headers, in the order of the keys.</param>
/// <param name="Manifest">What this tool wrote of how the folder was made; null if there is none.</param>
public sealed record CheckpointSummary(
    string Path,
    string Kind,
    ImmutableArray<SummarizedFile> Files,
    ImmutableArray<SummarizedTensor> Tensors,
    ImmutableSortedDictionary<string, string> Metadata,
    Manifest? Manifest)
{
    /// <summary>Bytes of all shards, headers included.</summary>
    public long FileBytes => Files.Sum(file => file.Bytes);

    /// <summary>Bytes of all tensors.</summary>
    public long TensorBytes => Tensors.Sum(tensor => tensor.Spec.ByteLength);

    /// <summary>Elements of all floating-point tensors.</summary>
    public long Parameters => Tensors.Where(tensor => tensor.Spec.Type.IsFloat).Sum(tensor => tensor.Spec.Shape.ElementCount);

    /// <summary>The element types, the one with the most bytes first.</summary>
    public ImmutableArray<SummarizedType> Types =>
    [
        .. Tensors.GroupBy(tensor => tensor.Spec.Type)
            .Select(group => new SummarizedType(
                group.Key, group.Count(), group.Sum(tensor => tensor.Spec.Shape.ElementCount), group.Sum(tensor => tensor.Spec.ByteLength)))
            .OrderByDescending(type => type.Bytes).ThenBy(type => type.Type),
    ];

    /// <summary>The stacks of layers, such as <c>encoder.block</c>, in the order of their names.</summary>
    public ImmutableArray<LayerStack> Stacks =>
    [
        .. Tensors.Select(tensor => LayerName.Parse(tensor.Spec.Name)).Where(place => place.Stack is not null).Distinct()
            .GroupBy(place => place.Stack!, StringComparer.Ordinal)
            .Select(group => new LayerStack(group.Key, group.Count()))
            .OrderBy(stack => stack.Name, StringComparer.Ordinal),
    ];

    /// <summary>Summarises an open checkpoint.</summary>
    /// <exception cref="DemException">DEM2021: there is a manifest, but it cannot be read.</exception>
    public static CheckpointSummary Of(Checkpoint checkpoint)
    {
        bool hasManifest = File.Exists(System.IO.Path.Combine(checkpoint.Folder, Manifest.FileName));
        ILookup<string, StoredTensor> byFile = checkpoint.Tensors.ToLookup(tensor => tensor.File, StringComparer.Ordinal);
        return new CheckpointSummary(
            checkpoint.Path,
            DistributionVector.IsVector(checkpoint) ? "distribution vector" : "model",
            [
                .. checkpoint.Files.Select(file =>
                    new SummarizedFile(System.IO.Path.GetFileName(file), new FileInfo(file).Length, byFile[file].Count())),
            ],
            [.. checkpoint.Tensors.Select(tensor => new SummarizedTensor(tensor.Spec, System.IO.Path.GetFileName(tensor.File), tensor.Offset))],
            checkpoint.Metadata.ToImmutableSortedDictionary(StringComparer.Ordinal),
            hasManifest ? Manifest.Read(checkpoint.Folder) : null);
    }
}

/// <summary>A shard.</summary>
/// <param name="Name">Its file name.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Tensors">How many tensors it holds.</param>
public sealed record SummarizedFile(string Name, long Bytes, int Tensors);

/// <summary>A tensor and where it lies.</summary>
/// <param name="Spec">What it is.</param>
/// <param name="File">Name of its shard.</param>
/// <param name="Offset">Of its first byte in the shard.</param>
public sealed record SummarizedTensor(TensorSpec Spec, string File, long Offset);

/// <summary>All tensors of one element type.</summary>
/// <param name="Type">The type.</param>
/// <param name="Tensors">How many there are.</param>
/// <param name="Elements">How many elements they have.</param>
/// <param name="Bytes">How many bytes they take.</param>
public sealed record SummarizedType(ElementType Type, int Tensors, long Elements, long Bytes);

/// <summary>A stack of layers.</summary>
/// <param name="Name">Such as <c>model.layers</c>.</param>
/// <param name="Layers">How many layers it has.</param>
public sealed record LayerStack(string Name, int Layers);
