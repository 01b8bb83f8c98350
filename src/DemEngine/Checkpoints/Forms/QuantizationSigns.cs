using System.Collections.Immutable;
using DemEngine.Checkpoints.Layers;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Forms;

/// <summary>Signs that the weights of a checkpoint are quantised: codes, whose values need scales that lie beside them.</summary>
/// <param name="Form">Name of the form, such as <c>fp8</c> or <c>gptq</c>; null if only tensors show it.</param>
/// <param name="Source">File or key that names the form; null if only tensors show it.</param>
/// <param name="Codes">Names of the tensors that hold codes.</param>
/// <param name="Companion">Name of a tensor that belongs to the first codes, such as a scale; null if none is named.</param>
internal sealed record QuantizationSigns(string? Form, string? Source, ImmutableArray<string> Codes, string? Companion)
{
    // Last parts of names, or what they end in, of tensors that belong to integer codes in the forms that are in use: GPTQ, AWQ,
    // bitsandbytes, compressed-tensors, HQQ, AQLM, QuIP, MLX, optimum-quanto, gpt-oss.
    private static readonly string[] Companions =
    [
        "scale",
        "scales",
        "scale_inv",
        "qzeros",
        "g_idx",
        "absmax",
        "quant_map",
        "quant_state",
        "scb",
        "zero_point",
        "zeros",
        "codebooks",
        "weight_shape",
    ];

    // Names of codes that are quantised whatever lies beside them.
    private static readonly string[] CodeNames =
    [
        "qweight",
        "weight_packed",
        "w_q",
        "qidxs",
        "codes",
    ];

    /// <summary>Looks for signs in a checkpoint's configuration, headers and tensors.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    /// <returns>What was found; null for plain weights.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file beside the weights cannot be read.</exception>
    public static QuantizationSigns? Find(Checkpoint checkpoint)
    {
        (ImmutableArray<string> codes, string? companion) = FindCodes(checkpoint);
        if (checkpoint.IsDecoded)
            return codes.IsEmpty ? null : new QuantizationSigns(null, null, codes, companion);
        if (QuantizationConfig.Find(checkpoint) is { } configured)
            return new QuantizationSigns(configured.Form, configured.Source, codes, companion);
        string? key = checkpoint.Metadata.Keys
            .FirstOrDefault(name => name.Contains("quantization", StringComparison.OrdinalIgnoreCase));
        if (key is not null)
            return new QuantizationSigns(null, $"the header's {key}", codes, companion);
        return codes.IsEmpty ? null : new QuantizationSigns(null, null, codes, companion);
    }

    /// <summary>Describes what was seen, for a message.</summary>
    public string Describe()
    {
        string what = Source is null ? "" : $"{Source} says {(Form is null ? "that it is quantised" : $"\"{Form}\"")}";
        if (Codes.IsEmpty)
            return $"{what}, though no tensor shows it";
        string seen = $"{Codes.Length} tensors hold codes, such as \"{Codes[0]}\""
            + (Companion is null ? "" : $" with \"{Companion}\" beside it");
        return what.Length == 0 ? seen : $"{what}; {seen}";
    }

    private static (ImmutableArray<string> Codes, string? Companion) FindCodes(Checkpoint checkpoint)
    {
        ILookup<string, string>? byModule = null;
        var codes = ImmutableArray.CreateBuilder<string>();
        string? first = null;
        foreach (StoredTensor tensor in checkpoint.Tensors)
        {
            TensorSpec spec = tensor.Spec;
            if (spec.Name == "scaled_fp8" || spec.Name.EndsWith(".scaled_fp8", StringComparison.Ordinal))
            {
                codes.Add(spec.Name);
                continue;
            }

            if (!CanBeCodes(spec))
                continue;
            byModule ??= checkpoint.Tensors.Select(one => one.Spec.Name).ToLookup(ModuleOf, StringComparer.Ordinal);
            string? companion = CompanionOf(spec.Name, byModule);
            if (companion is null && !IsCodeName(spec))
                continue;
            codes.Add(spec.Name);
            first ??= companion;
        }

        return (codes.ToImmutable(), first);
    }

    // Buffers of integers, such as position ids and BatchNorm's counters, are vectors or have one row.
    private static bool CanBeCodes(TensorSpec spec) =>
        IsNarrowFloat(spec.Type)
            ? spec.Shape.Dimensions.Length >= 1 && spec.Shape.ElementCount > 1
            : !spec.Type.IsFloat && spec.Type != ElementType.Bool && spec.Shape.Dimensions.Length >= 2
                && spec.Shape.Rows > 1;

    private static bool IsNarrowFloat(ElementType type) => type.SafetensorsName is ['F', '4' or '6' or '8', ..];

    private static bool IsCodeName(TensorSpec spec)
    {
        if (spec.Type.IsFloat)
            return false;
        string last = LastOf(spec.Name);
        return CodeNames.Contains(last, StringComparer.OrdinalIgnoreCase)
            || last.EndsWith("_blocks", StringComparison.Ordinal)
            || last.EndsWith("_packed", StringComparison.Ordinal)
            || (last == "weight" && LayerName.Parse(spec.Name).Stack is not null); // No network has integers there by itself.
    }

    // x.weight has x.weight_scale, x.scales or x.weight.absmax beside it, and experts.down_proj has experts.down_proj_scale.
    private static string? CompanionOf(string name, ILookup<string, string> byModule)
    {
        string last = LastOf(name);
        string stem = last.EndsWith("_blocks", StringComparison.Ordinal) ? last[..^"blocks".Length] : last;
        foreach (string other in byModule[ModuleOf(name)])
        {
            string part = LastOf(other);
            if (other == name || !IsCompanion(part))
                continue;

            // A module that holds several weights names the weight that a scale belongs to.
            if (last is "weight" or "qweight" or "W_q" || part.StartsWith(stem, StringComparison.Ordinal)
                || !part.Contains('_', StringComparison.Ordinal))
                return other;
        }

        return byModule[name].FirstOrDefault(other => IsCompanion(LastOf(other)));
    }

    private static bool IsCompanion(string part) =>
        part.Contains("scale", StringComparison.OrdinalIgnoreCase)
        || part.StartsWith("bitsandbytes__", StringComparison.Ordinal)
        || Companions.Any(ending => part.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static string ModuleOf(string name) => name.LastIndexOf('.') is >= 0 and var dot ? name[..dot] : "";

    private static string LastOf(string name) => name[(name.LastIndexOf('.') + 1)..];
}
