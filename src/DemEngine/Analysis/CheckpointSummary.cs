using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Checkpoints.Forms;
using DemEngine.Checkpoints.Layers;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Summary of a checkpoint's contents, from its headers alone.</summary>
/// <param name="Path">Path that was opened.</param>
/// <param name="Kind">
/// Kind of checkpoint: <c>model</c>, <c>distribution vector</c>, <c>quantised model</c>, <c>adapter</c>, <c>optimizer state</c>
/// or <c>pipeline</c>.
/// </param>
/// <param name="Files">Shards, in the order of their names.</param>
/// <param name="Tensors">Tensors, in the order of their data in the shards.</param>
/// <param name="Metadata">Free text in the headers, in the order of the keys.</param>
/// <param name="Manifest">
/// What the manifest says of how the folder was made, without its tensors and files; null if this tool did not make it.
/// </param>
public sealed record CheckpointSummary(
    string Path,
    string Kind,
    ImmutableArray<SummarizedFile> Files,
    ImmutableArray<SummarizedTensor> Tensors,
    ImmutableSortedDictionary<string, string> Metadata,
    Manifest? Manifest)
{
    /// <summary>Size of all shards in bytes, headers included.</summary>
    public long FileBytes => Files.Sum(file => file.Bytes);

    /// <summary>Size of all tensors in bytes.</summary>
    public long TensorBytes => Tensors.Sum(tensor => tensor.Spec.ByteLength);

    /// <summary>Quantised forms that are read here, with what is in them; empty for a plain model.</summary>
    public ImmutableArray<SummarizedForm> Forms { get; init; } = [];

    /// <summary>Notes on which files were read where several could be, and on what of them was left out.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];

    /// <summary>
    /// Number of elements of all floating-point tensors; of a quantised model that is read, of those that its codes stand for.
    /// </summary>
    public long Parameters { get; init; } =
        Tensors.Where(tensor => tensor.Spec.Type.IsFloat).Sum(tensor => tensor.Spec.Shape.ElementCount);

    /// <summary>Element types, the one with the most bytes first.</summary>
    public ImmutableArray<SummarizedType> Types =>
    [
        .. Tensors.GroupBy(tensor => tensor.Spec.Type)
            .Select(group => new SummarizedType(
                group.Key,
                group.Count(),
                group.Sum(tensor => tensor.Spec.Shape.ElementCount),
                group.Sum(tensor => tensor.Spec.ByteLength)))
            .OrderByDescending(type => type.Bytes).ThenBy(type => type.Type),
    ];

    /// <summary>Stacks of layers, such as <c>encoder.block</c>, in the order of their names.</summary>
    public ImmutableArray<LayerStack> Stacks
    {
        get
        {
            var layers = new NetworkLayers(Tensors.Select(tensor => tensor.Spec.Name));
            return [.. layers.Stacks.Select(stack => new LayerStack(stack, layers.Count(stack)))];
        }
    }

    /// <summary>Summarises an open checkpoint.</summary>
    /// <exception cref="DemException">DEM2021 (BadManifest): there is a manifest, but it cannot be read.</exception>
    public static CheckpointSummary Of(Checkpoint checkpoint)
    {
        bool hasManifest = File.Exists(System.IO.Path.Combine(checkpoint.Folder, Manifest.FileName));
        Dictionary<string, int> counts = checkpoint.Tensors.CountBy(tensor => tensor.File, StringComparer.Ordinal)
            .ToDictionary(StringComparer.Ordinal);
        Dictionary<string, string> names = checkpoint.Tensors.Select(tensor => tensor.File).Distinct(StringComparer.Ordinal)
            .ToDictionary(file => file, file => NameOf(checkpoint, file), StringComparer.Ordinal);
        return new CheckpointSummary(
            checkpoint.Path,
            KindOf(checkpoint),
            [
                .. checkpoint.Files.Zip(checkpoint.Stamps, (file, stamp) => new SummarizedFile(
                    NameOf(checkpoint, file), stamp.Length, counts.GetValueOrDefault(file))),
            ],
            [
                .. checkpoint.Tensors.Select(tensor =>
                    new SummarizedTensor(tensor.Spec, names[tensor.File], tensor.Offset)),
            ],
            checkpoint.Metadata.ToImmutableSortedDictionary(StringComparer.Ordinal),
            hasManifest ? Manifest.ReadOrigin(checkpoint.Folder) : null)
        {
            Remarks = checkpoint.DecodingRemarks,
        }.WithForms(checkpoint);
    }

    /// <summary>Whether this is a model with an adapter, whose <see cref="Forms"/> are what it computes.</summary>
    public bool IsAdapted { get; private init; }

    private CheckpointSummary WithForms(Checkpoint checkpoint)
    {
        try
        {
            Checkpoint decoded = DecodedModel.Of(checkpoint);
            return !decoded.IsDecoded ? this : this with
            {
                IsAdapted = decoded.IsAdapted,

                // A GGUF file may hold plain numbers, and nothing else.
                Kind = decoded.Tensors.Select(tensor => tensor.Origin?.Codes.Spec.Type ?? ElementType.F32)
                    .Any(type => !type.IsFloat || type.Bits < 16)
                    ? "quantised model"
                    : Kind,
                Parameters = decoded.Tensors.Where(tensor => tensor.Spec.Type.IsFloat)
                    .Sum(tensor => tensor.Spec.Shape.ElementCount),
                Forms =
                [
                    .. decoded.Tensors.Where(tensor => tensor.Origin is not null)
                        .GroupBy(tensor => tensor.Origin!.Form, StringComparer.Ordinal)
                        .Select(form => new SummarizedForm(
                            form.Key,
                            form.Count(),
                            form.Sum(tensor => tensor.Spec.Shape.ElementCount),
                            form.Sum(tensor => tensor.Origin!.StoredBytes)))
                        .OrderByDescending(form => form.Bytes).ThenBy(form => form.Form, StringComparer.Ordinal),
                ],
            };
        }
        catch (DemException)
        {
            // A merge names what is wrong with it.
            return this;
        }
    }

    // Components of a pipeline have files of the same names.
    private static string NameOf(Checkpoint checkpoint, string file) => checkpoint.IsTogether
        ? System.IO.Path.GetRelativePath(checkpoint.Folder, file).Replace(System.IO.Path.DirectorySeparatorChar, '/')
        : System.IO.Path.GetFileName(file);

    private static string KindOf(Checkpoint checkpoint)
    {
        if (checkpoint.IsTogether)
            return "pipeline";
        if (DistributionVector.IsVector(checkpoint))
            return "distribution vector";
        ErrorCode? fault;
        try
        {
            fault = PlainWeights.Find(checkpoint)?.Code;
        }
        catch (DemException e) when (e.Code == ErrorCode.BadSideFile)
        {
            // What lies beside the weights cannot be read, and only says more of them.
            fault = null;
        }

        return fault == ErrorCode.Quantized ? "quantised model"
            : fault == ErrorCode.Adapter ? "adapter"
            : fault == ErrorCode.OptimizerState ? "optimizer state"
            : "model";
    }
}

/// <summary>Shard of a summarised checkpoint.</summary>
/// <param name="Name">File name of the shard.</param>
/// <param name="Bytes">Length of the file in bytes.</param>
/// <param name="Tensors">Number of tensors in the shard.</param>
public sealed record SummarizedFile(string Name, long Bytes, int Tensors);

/// <summary>Tensor of a summarised checkpoint, with the location of its data.</summary>
/// <param name="Spec">Name, element type and shape of the tensor.</param>
/// <param name="File">File name of the tensor's shard.</param>
/// <param name="Offset">Offset of the tensor's first byte in the shard.</param>
public sealed record SummarizedTensor(TensorSpec Spec, string File, long Offset);

/// <summary>Totals over all tensors of one element type.</summary>
/// <param name="Type">Element type.</param>
/// <param name="Tensors">Number of tensors of this type.</param>
/// <param name="Elements">Number of elements of these tensors.</param>
/// <param name="Bytes">Size of these tensors in bytes.</param>
public sealed record SummarizedType(ElementType Type, int Tensors, long Elements, long Bytes);

/// <summary>Totals over all tensors of one quantised form.</summary>
/// <param name="Form">Name of the form.</param>
/// <param name="Tensors">Number of tensors that are decoded from it.</param>
/// <param name="Elements">Number of their elements.</param>
/// <param name="Bytes">Size in bytes of what they are decoded from.</param>
public sealed record SummarizedForm(string Form, int Tensors, long Elements, long Bytes);

/// <summary>Stack of layers.</summary>
/// <param name="Name">Name of the stack, such as <c>model.layers</c>.</param>
/// <param name="Layers">Number of layers in the stack.</param>
public sealed record LayerStack(string Name, int Layers);
