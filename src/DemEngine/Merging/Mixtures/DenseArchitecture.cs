using System.Text.Json.Nodes;

namespace DemEngine.Merging.Mixtures;

/// <summary>
/// An architecture of dense decoders whose layers have a gated MLP, and what its configuration means where it does not say.
/// </summary>
/// <param name="ModelType">The <c>model_type</c> of its configurations.</param>
/// <param name="Attention">Names of a layer's tensors beside the MLP's, without the layer.</param>
/// <param name="Defaults">Values that count where <c>config.json</c> has none, as in transformers' class.</param>
internal sealed record DenseArchitecture(string ModelType, IReadOnlyList<string> Attention, JsonObject Defaults)
{
    private static readonly string[] Projections =
    [
        "input_layernorm.weight",
        "post_attention_layernorm.weight",
        "self_attn.q_proj.weight",
        "self_attn.k_proj.weight",
        "self_attn.v_proj.weight",
        "self_attn.o_proj.weight",
    ];

    /// <summary>Names of the biases of a layer's attention in Qwen2.</summary>
    public static readonly IReadOnlyList<string> Biases =
        ["self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias"];

    /// <summary>All architectures that a mixture can be built from.</summary>
    public static readonly IReadOnlyList<DenseArchitecture> All =
    [
        new("llama", Projections, new JsonObject
        {
            ["max_position_embeddings"] = 2048, ["bos_token_id"] = 1, ["eos_token_id"] = 2, ["num_key_value_heads"] = null,
        }),
        new("mistral", Projections, new JsonObject
        {
            ["max_position_embeddings"] = 131072, ["bos_token_id"] = 1, ["eos_token_id"] = 2, ["num_key_value_heads"] = 8,
            ["sliding_window"] = 4096,
        }),
        new("qwen2", [.. Projections, .. Biases], new JsonObject
        {
            ["max_position_embeddings"] = 32768, ["num_key_value_heads"] = 32,
        }),
        new(
            "qwen3",
            [.. Projections, "self_attn.q_norm.weight", "self_attn.k_norm.weight"],
            new JsonObject { ["max_position_embeddings"] = 32768, ["num_key_value_heads"] = 32, ["head_dim"] = 128 }),
    ];

    /// <summary>Finds an architecture; null if it is none of these.</summary>
    public static DenseArchitecture? Find(string? modelType) => All.FirstOrDefault(one => one.ModelType == modelType);

    /// <summary>States in a configuration what it leaves to its class, since another class means other values by that.</summary>
    public void SpellOut(JsonObject config)
    {
        foreach (var (key, value) in Defaults)
            Default(config, key, value ?? config["num_attention_heads"]);
        Default(config, "hidden_act", "silu");
        Default(config, "rms_norm_eps", 1e-6);
        Default(config, "tie_word_embeddings", false);
        if (config["rope_parameters"] is not JsonObject rope || !rope.ContainsKey("rope_theta"))
            Default(config, "rope_theta", 10000.0);
    }

    private static void Default(JsonObject config, string key, JsonNode? value)
    {
        // A window or the end of a text that is null is none, and no default.
        bool isGiven = config.ContainsKey(key)
            && (config[key] is not null || key is "sliding_window" or "bos_token_id" or "eos_token_id");
        if (!isGiven && value is not null)
            config[key] = value.DeepClone();
    }
}
