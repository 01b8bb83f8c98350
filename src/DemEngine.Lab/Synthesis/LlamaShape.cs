using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Lab.Synthesis;

/// <summary>The sizes of a model of the Llama architecture.</summary>
/// <param name="Name">Name of the shape.</param>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Intermediate">Width inside an MLP.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Number of attention heads.</param>
/// <param name="KeyValueHeads">
/// Number of heads of keys and values: as many as <paramref name="Heads"/>, or a divisor of it.
/// </param>
/// <param name="Vocabulary">Number of rows of the embedding.</param>
/// <param name="TiedEmbeddings">True if the output matrix is the embedding and is not stored.</param>
public sealed record LlamaShape(
    string Name,
    int Hidden,
    int Intermediate,
    int Layers,
    int Heads,
    int KeyValueHeads,
    int Vocabulary,
    bool TiedEmbeddings = false) : IModelShape
{
    /// <summary>The named shapes: from a few hundred kilobytes to 26 GB in BF16.</summary>
    public static IReadOnlyList<LlamaShape> Named { get; } =
    [
        new("tiny", 64, 176, 4, 4, 2, 512),
        new("small", 512, 1408, 8, 8, 4, 8000),
        new("llama-160m", 768, 2048, 12, 12, 12, 32000),
        new("llama-1b", 2048, 5632, 22, 32, 4, 32000),
        new("llama-3b", 3200, 8640, 26, 32, 32, 32000),
        new("llama-7b", 4096, 11008, 32, 32, 32, 32000),
        new("llama-8b", 4096, 14336, 32, 32, 8, 128256),
        new("llama-13b", 5120, 13824, 40, 40, 40, 32000),
    ];

    private int HeadSize => Hidden / Heads;

    /// <summary>Returns one of <see cref="Named"/>.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="InvalidOperationException">There is none of that name.</exception>
    public static LlamaShape Of(string name) => Named.Single(shape => shape.Name == name);

    /// <inheritdoc/>
    public IEnumerable<TensorSpec> Tensors(ElementType type)
    {
        TensorSpec Spec(string name, params ReadOnlySpan<long> dimensions) => new(name, type, new TensorShape([.. dimensions]));

        long keyValue = (long)KeyValueHeads * HeadSize;
        yield return Spec("model.embed_tokens.weight", Vocabulary, Hidden);
        for (int layer = 0; layer < Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return Spec(prefix + "input_layernorm.weight", Hidden);
            yield return Spec(prefix + "self_attn.q_proj.weight", Hidden, Hidden);
            yield return Spec(prefix + "self_attn.k_proj.weight", keyValue, Hidden);
            yield return Spec(prefix + "self_attn.v_proj.weight", keyValue, Hidden);
            yield return Spec(prefix + "self_attn.o_proj.weight", Hidden, Hidden);
            yield return Spec(prefix + "post_attention_layernorm.weight", Hidden);
            yield return Spec(prefix + "mlp.gate_proj.weight", Intermediate, Hidden);
            yield return Spec(prefix + "mlp.up_proj.weight", Intermediate, Hidden);
            yield return Spec(prefix + "mlp.down_proj.weight", Hidden, Intermediate);
        }

        yield return Spec("model.norm.weight", Hidden);
        if (!TiedEmbeddings)
            yield return Spec("lm_head.weight", Vocabulary, Hidden);
    }

    /// <inheritdoc/>
    public byte[] ToConfig(ElementType type)
    {
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Intermediate,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KeyValueHeads,
            ["vocab_size"] = Vocabulary,
            ["tie_word_embeddings"] = TiedEmbeddings,
            ["max_position_embeddings"] = 2048,
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 10000.0,
            ["hidden_act"] = "silu",
            ["torch_dtype"] = type.TorchName,
        };
        return IndentedJson.Write(config);
    }
}
