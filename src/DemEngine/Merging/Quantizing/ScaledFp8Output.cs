using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Merging.Quantizing;

/// <summary>
/// FP8 with a scale for each tensor, as ComfyUI reads it: <c>scale_weight</c> in F32 beside each matrix, and a tensor
/// <c>scaled_fp8</c> that marks the model. The matrices of the network's layers are quantised; all others stay as they are.
/// </summary>
internal sealed class ScaledFp8Output : IQuantizedOutput
{
    private const string Weight = "weight";
    private const string Marker = "scaled_fp8";
    private const string Prefix = "model.diffusion_model.";

    public string Name => OutputForms.Fp8;

    public bool Takes(TensorSpec spec, NetworkLayers layers) => spec.Type.IsFloat && spec.Type.Bits >= 16
        && spec.Shape.Dimensions is [> 1, > 1]
        && spec.Name.EndsWith($".{Weight}", StringComparison.Ordinal)
        && layers.Of(spec.Name).Stack is not null
        && !spec.Name.Contains("norm", StringComparison.OrdinalIgnoreCase)
        && !spec.Name.Contains("embed", StringComparison.OrdinalIgnoreCase);

    public (long Rows, long Columns) BlockOf(TensorSpec spec) => (spec.Shape.Dimensions[0], spec.Shape.Dimensions[1]);

    public TensorSpec ScalesOf(TensorSpec spec) =>
        new($"{spec.Name[..^Weight.Length]}scale_weight", ElementType.F32, new TensorShape([]));

    public TensorSpec? MarkerOf(IReadOnlyCollection<TensorSpec> quantized) => new(
        quantized.Any(spec => spec.Name.StartsWith(Prefix, StringComparison.Ordinal)) ? $"{Prefix}{Marker}" : Marker,
        ElementType.F8E4M3,
        new TensorShape(2));

    public void Describe(Dictionary<string, byte[]> files, string owner, IReadOnlyCollection<TensorSpec> plain)
    {
        // The marker and the names of the scales say it all.
    }
}
