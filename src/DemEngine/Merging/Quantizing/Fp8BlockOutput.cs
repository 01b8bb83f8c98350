using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Merging.Quantizing;

/// <summary>
/// FP8 in blocks of 128 × 128 with scales in F32, as DeepSeek-V3 and Qwen3-FP8 are published and as transformers and vLLM read
/// it. The linear layers of the network's layers are quantised; embeddings, the output matrix, norms, biases, what routes to
/// experts, and what sees stay as they are, and so do matrices that blocks do not divide, which transformers does not read.
/// </summary>
internal sealed class Fp8BlockOutput : IQuantizedOutput
{
    private const int Block = 128;
    private const string Weight = ".weight";

    private static readonly string[] Plain =
        ["gate", "router", "shared_expert_gate", "wg", "embed_tokens", "lm_head", "conv1d"];

    private static readonly string[] Senses = ["visual", "vision_tower", "vision_model", "audio_tower", "multi_modal_projector"];

    public string Name => OutputForms.Fp8Block;

    public bool Takes(TensorSpec spec, NetworkLayers layers)
    {
        if (!spec.Type.IsFloat || spec.Type.Bits < 16 || spec.Shape.Dimensions is not [> 0 and var rows, > 0 and var columns]
            || rows % Block != 0 || columns % Block != 0
            || !spec.Name.EndsWith(Weight, StringComparison.Ordinal) || layers.Of(spec.Name).Stack is null)
            return false;
        string[] path = spec.Name[..^Weight.Length].Split('.');
        return !Plain.Contains(path[^1], StringComparer.Ordinal) && !path[^1].Contains("norm", StringComparison.OrdinalIgnoreCase)
            && !path.Intersect(Senses).Any();
    }

    public (long Rows, long Columns) BlockOf(TensorSpec spec) => (Block, Block);

    public TensorSpec ScalesOf(TensorSpec spec) => new(
        $"{spec.Name}_scale_inv",
        ElementType.F32,
        new TensorShape(spec.Shape.Dimensions[0] / Block, spec.Shape.Dimensions[1] / Block));

    public TensorSpec? MarkerOf(IReadOnlyCollection<TensorSpec> quantized) => null;

    public void Describe(Dictionary<string, byte[]> files, string owner, IReadOnlyCollection<TensorSpec> plain)
    {
        if (ModelConfig.Of(files, owner) is not { } config)
            return;
        string[] left =
        [
            .. plain.Where(spec => spec.Shape.Dimensions.Length > 1 && spec.Name.EndsWith(Weight, StringComparison.Ordinal))
                .Select(spec => spec.Name[..^Weight.Length])
                .Order(StringComparer.Ordinal),
        ];
        config.Set(config.Root, "quantization_config", new JsonObject
        {
            ["activation_scheme"] = "dynamic",
            ["fmt"] = "e4m3",
            ["modules_to_not_convert"] = new JsonArray([.. left.Select(name => (JsonNode)name)]),
            ["quant_method"] = "fp8",
            ["weight_block_size"] = new JsonArray(Block, Block),
        });
        config.WriteTo(files);
    }
}
