using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Lab.Synthesis;

/// <summary>
/// The sizes of a mixture of experts of the DeepSeek-V3 architecture, which Kimi K2 has, too. The names and shapes of the tensors
/// are those of the published checkpoints in BF16.
/// </summary>
/// <param name="Name">Name of the shape.</param>
/// <param name="Layers">Number of layers, without those that predict further tokens.</param>
/// <param name="DenseLayers">Number of layers at the start that have an MLP instead of experts.</param>
/// <param name="Experts">Number of routed experts in each of the other layers.</param>
/// <param name="Heads">Number of attention heads.</param>
/// <param name="Vocabulary">Number of rows of the embedding.</param>
/// <param name="PredictionLayers">Number of layers that predict further tokens.</param>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Intermediate">Width inside an MLP.</param>
/// <param name="ExpertIntermediate">Width inside an expert.</param>
public sealed record DeepSeekShape(
    string Name,
    int Layers,
    int DenseLayers,
    int Experts,
    int Heads,
    int Vocabulary,
    int PredictionLayers = 0,
    int Hidden = 7168,
    int Intermediate = 18432,
    int ExpertIntermediate = 2048) : IModelShape
{
    private const int QueryRank = 1536;
    private const int KeyValueRank = 512;
    private const int PlainHead = 128;
    private const int RotaryHead = 64;

    /// <summary>
    /// The named shapes: DeepSeek-V3 with 46 thousand tensors, Kimi K2 with 70 thousand, and one with 493 thousand, as many as
    /// the largest published checkpoints have.
    /// </summary>
    public static IReadOnlyList<DeepSeekShape> Named { get; } =
    [
        new("deepseek-v3", 61, 3, 256, 128, 129280, PredictionLayers: 1),
        new("kimi-k2", 61, 1, 384, 64, 163840),
        new("moe-500k", 92, 1, 1800, 64, 163840, ExpertIntermediate: 512),
    ];

    /// <inheritdoc/>
    public IEnumerable<TensorSpec> Tensors(ElementType type)
    {
        TensorSpec Spec(string name, params ReadOnlySpan<long> dimensions) => new(name, type, new TensorShape([.. dimensions]));

        yield return Spec("model.embed_tokens.weight", Vocabulary, Hidden);
        for (int layer = 0; layer < Layers + PredictionLayers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return Spec(prefix + "self_attn.q_a_proj.weight", QueryRank, Hidden);
            yield return Spec(prefix + "self_attn.q_a_layernorm.weight", QueryRank);
            yield return Spec(prefix + "self_attn.q_b_proj.weight", (long)Heads * (PlainHead + RotaryHead), QueryRank);
            yield return Spec(prefix + "self_attn.kv_a_proj_with_mqa.weight", KeyValueRank + RotaryHead, Hidden);
            yield return Spec(prefix + "self_attn.kv_a_layernorm.weight", KeyValueRank);
            yield return Spec(prefix + "self_attn.kv_b_proj.weight", (long)Heads * 2 * PlainHead, KeyValueRank);
            yield return Spec(prefix + "self_attn.o_proj.weight", Hidden, (long)Heads * PlainHead);
            yield return Spec(prefix + "input_layernorm.weight", Hidden);
            yield return Spec(prefix + "post_attention_layernorm.weight", Hidden);
            foreach (TensorSpec spec in layer < DenseLayers
                ? Mlp(prefix + "mlp", Intermediate, type)
                : Mixture(prefix + "mlp.", type))
                yield return spec;
            if (layer < Layers)
                continue;
            yield return Spec(prefix + "enorm.weight", Hidden);
            yield return Spec(prefix + "hnorm.weight", Hidden);
            yield return Spec(prefix + "eh_proj.weight", Hidden, 2L * Hidden);
            yield return Spec(prefix + "embed_tokens.weight", Vocabulary, Hidden);
            yield return Spec(prefix + "shared_head.norm.weight", Hidden);
            yield return Spec(prefix + "shared_head.head.weight", Vocabulary, Hidden);
        }

        yield return Spec("model.norm.weight", Hidden);
        yield return Spec("lm_head.weight", Vocabulary, Hidden);
    }

    /// <inheritdoc/>
    public byte[] ToConfig(ElementType type) => IndentedJson.Write(new JsonObject
    {
        ["architectures"] = new JsonArray("DeepseekV3ForCausalLM"),
        ["model_type"] = "deepseek_v3",
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = Intermediate,
        ["moe_intermediate_size"] = ExpertIntermediate,
        ["num_hidden_layers"] = Layers,
        ["first_k_dense_replace"] = DenseLayers,
        ["n_routed_experts"] = Experts,
        ["n_shared_experts"] = 1,
        ["num_experts_per_tok"] = 8,
        ["num_attention_heads"] = Heads,
        ["num_key_value_heads"] = Heads,
        ["num_nextn_predict_layers"] = PredictionLayers,
        ["q_lora_rank"] = QueryRank,
        ["kv_lora_rank"] = KeyValueRank,
        ["qk_nope_head_dim"] = PlainHead,
        ["qk_rope_head_dim"] = RotaryHead,
        ["v_head_dim"] = PlainHead,
        ["vocab_size"] = Vocabulary,
        ["tie_word_embeddings"] = false,
        ["torch_dtype"] = type.TorchName,
    });

    private IEnumerable<TensorSpec> Mixture(string prefix, ElementType type)
    {
        for (int expert = 0; expert < Experts; expert++)
        {
            foreach (TensorSpec spec in Mlp($"{prefix}experts.{expert}", ExpertIntermediate, type))
                yield return spec;
        }

        yield return new TensorSpec(prefix + "gate.weight", type, new TensorShape([Experts, Hidden]));
        yield return new TensorSpec(prefix + "gate.e_score_correction_bias", ElementType.F32, new TensorShape([Experts]));
        foreach (TensorSpec spec in Mlp(prefix + "shared_experts", ExpertIntermediate, type))
            yield return spec;
    }

    private IEnumerable<TensorSpec> Mlp(string prefix, int width, ElementType type)
    {
        yield return new TensorSpec($"{prefix}.gate_proj.weight", type, new TensorShape([width, Hidden]));
        yield return new TensorSpec($"{prefix}.up_proj.weight", type, new TensorShape([width, Hidden]));
        yield return new TensorSpec($"{prefix}.down_proj.weight", type, new TensorShape([Hidden, width]));
    }
}
