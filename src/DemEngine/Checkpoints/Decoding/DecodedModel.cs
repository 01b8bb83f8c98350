using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints.Folders;
using DemEngine.Checkpoints.Forms;
using DemEngine.Checkpoints.GgufModels;
using DemEngine.Checkpoints.Quantized;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Decoding;

/// <summary>
/// Opens quantised checkpoints as the models that they stand for: each matrix of codes is one tensor under its usual name and in
/// its usual shape, which is decoded part by part while it is read.
/// </summary>
internal static class DecodedModel
{
    // Parts that say something of activations, which a model of plain weights has no place for, and marks without numbers.
    private static readonly string[] OfActivations =
    [
        "input_scale",
        "input_scale_ub",
        "input_zero_point",
        "input_global_scale",
        "input_amax",
        "act_scale",
        "activation_scale",
        "scale_input",
        "output_scale",
        "output_zero_point",
        "k_scale",
        "v_scale",
        "q_scale",
        "kv_scale",
        "prob_output_scale",
        "scaled_fp8",
    ];

    /// <summary>Makes the view of a checkpoint that has the real values.</summary>
    /// <param name="stored">The checkpoint as it is stored.</param>
    /// <returns>The view, or the checkpoint itself where nothing in it is quantised in a form that is read here.</returns>
    /// <exception cref="DemException">
    /// DEM2032 (MissingScale), DEM2033 (QuantizedShape): parts of a quantised tensor are missing or do not fit.
    /// </exception>
    public static Checkpoint Of(Checkpoint stored)
    {
        if (stored.IsDecoded)
            return stored;
        if (stored.GgufHeaders is { IsEmpty: false } headers)
        {
            var notes = new List<string>();
            ImmutableArray<DecodedTensor> all = GgufModel.Decode(stored, headers, notes, out FolderFiles sideFiles);
            return View(stored, all, [], sideFiles, notes);
        }

        if (!stored.Tensors.Any(MayBePart))
            return stored;
        QuantizationConfig? config = QuantizationConfig.Find(stored);
        if (!QuantizedForms.IsKnownMethod(config?.Form) || IsTransformed(config))
            return stored;

        var pool = new TensorPool(stored, config, TypeOf(stored));
        DecodedTensor[] decoded = [.. QuantizedForms.All.SelectMany(form => form.Find(pool))];
        if (decoded.Length == 0)
            return stored;
        foreach (StoredTensor left in pool.Left.Where(tensor => IsOfActivations(tensor.Spec.Name)).ToArray())
            pool.LeaveOut(left);
        if (pool.Left.FirstOrDefault(tensor => Fp8Form.IsCodes(tensor) && tensor.Spec.Shape.Dimensions.Length > 1) is { } bare)
            throw TensorPool.Missing(bare, "scale");
        var remarks = new List<string>();
        if (pool.LeftOut.Count > 0)
            remarks.Add(
                $"{stored.Path}: {pool.LeftOut.Count} tensors that belong to quantised activations are left out: "
                + Quoted.List(pool.LeftOut));
        return View(stored, decoded, [.. pool.Left], WithoutConfig(stored.ReadSideFiles()), remarks);
    }

    private static Checkpoint View(
        Checkpoint stored,
        IReadOnlyList<DecodedTensor> decoded,
        HashSet<StoredTensor> plain,
        FolderFiles sideFiles,
        IReadOnlyList<string> remarks)
    {
        long start = 1 + Math.Max(
            stored.Stamps.Max(stamp => stamp.Length),
            stored.Tensors.Select(tensor => tensor.Offset + tensor.Spec.ByteLength).DefaultIfEmpty().Max());
        ILookup<StoredTensor, StoredTensor> byCodes = decoded.GroupBy(tensor => tensor.Parts[0].File, StringComparer.Ordinal)
            .SelectMany(file => TensorsOf(new DecodedShard(file.Key, [.. file], start), [.. file]))
            .ToLookup(pair => pair.Codes, pair => pair.Tensor);
        var tensors = ImmutableArray.CreateBuilder<StoredTensor>();
        foreach (StoredTensor tensor in stored.Tensors)
        {
            if (plain.Contains(tensor))
                tensors.Add(tensor);
            tensors.AddRange(byCodes[tensor]);
        }

        string summary = $"{stored.Path}: {decoded.Count} quantised tensors are decoded to their real values: "
            + string.Join("; ", decoded.CountBy(tensor => tensor.Form, StringComparer.Ordinal)
                .OrderByDescending(form => form.Value).ThenBy(form => form.Key, StringComparer.Ordinal).Take(3)
                .Select(form => $"{form.Value} of {form.Key}"));
        return new Checkpoint(stored, tensors.ToImmutable(), sideFiles, [summary, .. remarks]);
    }

    private static FolderFiles WithoutConfig(FolderFiles files) =>
        !files.Files.TryGetValue(ModelConfig.FileName, out byte[]? config)
            ? files
            : files with
            {
                Files = new Dictionary<string, byte[]>(files.Files, StringComparer.Ordinal)
                {
                    [ModelConfig.FileName] = QuantizationConfig.Remove(config),
                },
            };

    private static IEnumerable<(StoredTensor Codes, StoredTensor Tensor)> TensorsOf(
        DecodedShard shard, DecodedTensor[] decoded) =>
        decoded.Select((tensor, k) => (tensor.Parts[0], new StoredTensor(tensor.Spec, shard, shard.StartOf(k))));

    // Most models have none of these, and a model can have half a million tensors.
    private static bool MayBePart(StoredTensor tensor) => tensor.Spec.Type is not (ElementType.BF16 or ElementType.F32
        or ElementType.F16 or ElementType.F64 or ElementType.Bool or ElementType.I64);

    // Weights that are rotated for the sake of quantisation are no weights of the plain model.
    private static bool IsTransformed(QuantizationConfig? config) =>
        config?.Settings?["transform_config"] is JsonObject { Count: > 0 };

    private static bool IsOfActivations(string name) =>
        OfActivations.Contains(name[(name.LastIndexOf('.') + 1)..], StringComparer.Ordinal);

    // Models are stored in the type that their configuration states, and most of them in BF16.
    private static ElementType TypeOf(Checkpoint stored)
    {
        if (!stored.ReadSideFiles().Files.TryGetValue(ModelConfig.FileName, out byte[]? json)
            || JsonObjectFile.TryParse(json) is not { } config)
            return ElementType.BF16;
        return new[] { config, config["text_config"] as JsonObject }
            .SelectMany(section => new[] { section?["dtype"], section?["torch_dtype"] })
            .Select(node => node is JsonValue value && value.TryGetValue(out string? name)
                && ElementTypes.TryParseFloat(name, out ElementType type) && type.Bits >= 16 ? type : (ElementType?)null)
            .FirstOrDefault(type => type is not null) ?? ElementType.BF16;
    }
}
