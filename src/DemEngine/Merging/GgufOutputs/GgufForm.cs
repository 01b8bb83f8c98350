using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Checkpoints;
using DemEngine.Numerics.Quantized.Blocks;
using DemEngine.Recipes;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>
/// A form in which GGUF files are written: which type each tensor has, as <c>llama-quantize</c> chooses
/// (<c>llama_tensor_get_type</c> in <c>llama-quant.cpp</c>). A new one is a line of <see cref="All"/>.
/// </summary>
/// <param name="Name">Name in recipes.</param>
/// <param name="FileType">Value of <c>general.file_type</c>.</param>
/// <param name="Matrix">Type of matrices.</param>
/// <param name="Output">Type of the matrix that gives the logits.</param>
/// <param name="Mixture">Which tensors have more bits than the others.</param>
internal sealed record GgufForm(
    string Name, uint FileType, BlockEncoder Matrix, BlockEncoder Output, GgufMixture Mixture = GgufMixture.None)
{
    // llama-quantize has Q6_K for the output of a Q4_0 file; Q8_0 is more exact, and larger.
    private static readonly ImmutableArray<GgufForm> All =
    [
        new(OutputForms.GgufQ80, 7, BlockEncoder.Q80, BlockEncoder.Q80),
        new(OutputForms.GgufQ40, 2, BlockEncoder.Q40, BlockEncoder.Q80),
        new(OutputForms.GgufQ4KS, 14, BlockEncoder.Q4K, BlockEncoder.Q6K, GgufMixture.Small),
        new(OutputForms.GgufQ4KM, 15, BlockEncoder.Q4K, BlockEncoder.Q6K, GgufMixture.Medium),
        new(OutputForms.GgufQ5KS, 16, BlockEncoder.Q5K, BlockEncoder.Q6K),
        new(OutputForms.GgufQ5KM, 17, BlockEncoder.Q5K, BlockEncoder.Q6K, GgufMixture.Medium),
        new(OutputForms.GgufQ6K, 18, BlockEncoder.Q6K, BlockEncoder.Q6K),
        new(OutputForms.GgufBF16, 32, BlockEncoder.BF16, BlockEncoder.BF16),
        new(OutputForms.GgufF16, 1, BlockEncoder.F16, BlockEncoder.F16),
    ];

    // Rows that are no multiples of 256 elements have the types of about as many bits whose blocks are smaller.
    private static readonly ImmutableArray<(BlockEncoder Large, BlockEncoder Small)> Smaller =
    [
        (BlockEncoder.Q4K, BlockEncoder.Q50),
        (BlockEncoder.Q5K, BlockEncoder.Q51),
        (BlockEncoder.Q6K, BlockEncoder.Q80),
    ];

    /// <summary>Finds a form by its name.</summary>
    public static GgufForm Of(string name) => All.First(form => form.Name == name);

    /// <summary>
    /// Chooses the type of a tensor: F32 for norms, routers and vectors, and a type with smaller blocks, or F16, for a matrix
    /// whose rows are no whole blocks.
    /// </summary>
    /// <param name="shape">Shape of the tensor.</param>
    /// <param name="place">Its place in the network.</param>
    /// <param name="model">What the choice depends on in the model.</param>
    public BlockEncoder TypeOf(TensorShape shape, GgufPlace place, GgufModelSizes model)
    {
        if (place.IsPlain || shape.Dimensions.Length < 2)
            return BlockEncoder.F32;
        BlockEncoder type = place.IsOutput ? Output : Of(place, model);
        if (shape.Dimensions[^1] % type.Elements != 0)
            type = Smaller.FirstOrDefault(pair => pair.Large == type).Small ?? type;
        return shape.Dimensions[^1] % type.Elements == 0 ? type : BlockEncoder.F16;
    }

    private BlockEncoder Of(GgufPlace place, GgufModelSizes model)
    {
        if (Matrix.Elements != AffineFit.Parts * AffineFit.PartElements)
            return Matrix;
        bool isFour = Matrix == BlockEncoder.Q4K;
        switch (place.Part)
        {
            case "attn_v" or "attn_k" when model.Experts == 8:
                return BlockEncoder.Q80;
            case "attn_output" when model.Experts == 8 && isFour:
                return BlockEncoder.Q5K;
            case "attn_v" or "ffn_down" or "ffn_down_exps" or "ffn_down_shexp" when Mixture == GgufMixture.Medium:
                return NeedsMore(place.Layer, model.Layers) ? BlockEncoder.Q6K : ForValues(place, model);
            case "attn_v" when Mixture == GgufMixture.Small && place.Layer < 4:
            case "ffn_down" or "ffn_down_exps" or "ffn_down_shexp"
                when Mixture == GgufMixture.Small && place.Layer < model.Layers / 8:
                return BlockEncoder.Q5K;
            default:
                return ForValues(place, model);
        }
    }

    // In the models of 70B, eight heads share values, so that more bits for them cost little.
    private BlockEncoder ForValues(GgufPlace place, GgufModelSizes model) =>
        place.Part == "attn_v" && model.Is70B && Matrix == BlockEncoder.Q4K ? BlockEncoder.Q5K : Matrix;

    private static bool NeedsMore(int layer, int layers) =>
        layer < layers / 8 || layer >= 7 * layers / 8 || (layer - (layers / 8)) % 3 == 2;
}

/// <summary>Which tensors of a file have more bits than the others.</summary>
internal enum GgufMixture
{
    /// <summary>None but the output.</summary>
    None,

    /// <summary>Values of the first four layers, and down projections of the first eighth.</summary>
    Small,

    /// <summary>Values and down projections of the first and last eighth of the layers, and of each third one between.</summary>
    Medium,
}

/// <summary>Place of a tensor in the network, as far as its type depends on it.</summary>
/// <param name="Part">Name in the file without layer and ending.</param>
/// <param name="Layer">Number of the layer; 0 outside of layers.</param>
/// <param name="IsPlain">Whether it stays in F32: the weight of a norm, or a router.</param>
/// <param name="IsOutput">Whether it gives the logits: the output matrix, or the embedding that stands in for it.</param>
internal readonly record struct GgufPlace(string Part, int Layer, bool IsPlain, bool IsOutput)
{
    /// <summary>Finds the place of a tensor by its name in the file, such as <c>blk.3.attn_v.weight</c>.</summary>
    public static GgufPlace Of(string fileName, bool isPlain, bool isOutput)
    {
        string[] words = fileName.Split('.');
        return words is ["blk", var layer, var part, ..]
            ? new GgufPlace(part, int.Parse(layer, CultureInfo.InvariantCulture), isPlain, isOutput)
            : new GgufPlace(words[0], 0, isPlain, isOutput);
    }
}

/// <summary>What the choice of types depends on in a model.</summary>
/// <param name="Layers">Number of layers.</param>
/// <param name="Experts">Number of experts; 0 for none.</param>
/// <param name="Is70B">Whether llama.cpp counts it among the models of 70B.</param>
internal readonly record struct GgufModelSizes(int Layers, int Experts, bool Is70B);
