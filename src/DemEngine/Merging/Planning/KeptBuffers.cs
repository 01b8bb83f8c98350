using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>
/// The buffers that keep their element type where a recipe gives the output another one. Models of 16 or 8 bits hold a few
/// tensors in binary32 because their code computes with them in binary32: frequencies of rotary embeddings, biases of routers,
/// running statistics. Rounding these changes what the model computes.
/// </summary>
internal sealed class KeptBuffers
{
    // The last part of a buffer's name in the models of transformers, timm and diffusers that register it in binary32.
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "inv_freq",
        "original_inv_freq",
        "freqs_cis",
        "cos_cached",
        "sin_cached",
        "position_ids",
        "masked_bias",
        "e_score_correction_bias",
        "expert_bias",
        "running_mean",
        "running_var",
        "alphas_cumprod",
    };

    private readonly ElementType? _type;
    private readonly bool _keeps;

    /// <summary>
    /// Decides whether buffers are kept: those of a model whose matrices are mostly of another type than binary32.
    /// </summary>
    /// <param name="specs">Specifications of the base's tensors.</param>
    /// <param name="type">Element type that the recipe gives the output; null for none.</param>
    public KeptBuffers(IEnumerable<TensorSpec> specs, ElementType? type)
    {
        _type = type;
        var elements = new Dictionary<ElementType, double>();
        foreach (TensorSpec spec in specs.Where(spec => spec.Type.IsFloat && spec.Shape.Dimensions.Length > 1 && !IsBuffer(spec)))
            elements[spec.Type] = elements.GetValueOrDefault(spec.Type) + spec.Shape.ElementCount;
        _keeps = elements.Count > 0 && elements.MaxBy(type => type.Value).Key != ElementType.F32;
        string[] kept = [.. specs.Where(spec => Keeps(spec) && spec.Type != type).Select(spec => spec.Name)];
        Remark = kept.Length == 0
            ? null
            : $"{kept.Length} buffers stay {ElementType.F32.TorchName} and are not rounded to {type!.Value.TorchName}: "
                + Quoted.List(kept);
    }

    /// <summary>Note on the buffers that keep their type; null if there is none.</summary>
    public string? Remark { get; }

    /// <summary>Returns the specification of an output tensor.</summary>
    /// <param name="spec">Specification of the base's tensor.</param>
    public TensorSpec Output(TensorSpec spec) =>
        _type is { } type && spec.Type != type && spec.Type.IsFloat && !Keeps(spec) ? spec with { Type = type } : spec;

    private bool Keeps(TensorSpec spec) => _keeps && _type is not null && IsBuffer(spec);

    private static bool IsBuffer(TensorSpec spec) =>
        spec.Type == ElementType.F32 && Names.Contains(spec.Name[(spec.Name.LastIndexOf('.') + 1)..]);
}
