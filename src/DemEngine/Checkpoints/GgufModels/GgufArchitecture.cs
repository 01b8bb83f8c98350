using System.Collections.Immutable;

namespace DemEngine.Checkpoints.GgufModels;

/// <summary>
/// How an architecture of llama.cpp is named and laid out in Hugging Face's models (<c>gguf-py/gguf/tensor_mapping.py</c> and
/// <c>convert_hf_to_gguf.py</c>). A new one is a line of <see cref="All"/>.
/// </summary>
/// <param name="Name">Value of <c>general.architecture</c>.</param>
/// <param name="ModelType">Value of <c>model_type</c> in <c>config.json</c>.</param>
/// <param name="Class">Class in <c>architectures</c> of <c>config.json</c>.</param>
/// <param name="IsPermuted">Whether the rows of queries and keys are in llama.cpp's order.</param>
/// <param name="NormOffset">Number that the converter has added to the weights of norms.</param>
/// <param name="Norms">Names of a layer's norms.</param>
/// <param name="Experts">Names of experts; null for a model without any.</param>
internal sealed record GgufArchitecture(
    string Name,
    string ModelType,
    string Class,
    bool IsPermuted,
    float NormOffset,
    ImmutableDictionary<string, string> Norms,
    ExpertNames? Experts)
{
    private static readonly ImmutableDictionary<string, string> TwoNorms = Of(
        ("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"));

    private static readonly ImmutableDictionary<string, string> FourNorms = Of(
        ("attn_norm", "input_layernorm"),
        ("post_attention_norm", "post_attention_layernorm"),
        ("ffn_norm", "pre_feedforward_layernorm"),
        ("post_ffw_norm", "post_feedforward_layernorm"));

    private static readonly ExpertNames Mixtral = new("block_sparse_moe", "gate", "w1", "w3", "w2");
    private static readonly ExpertNames Qwen = new("mlp", "gate", "gate_proj", "up_proj", "down_proj");

    /// <summary>The architectures that are read.</summary>
    public static ImmutableArray<GgufArchitecture> All { get; } =
    [
        new("llama", "llama", "LlamaForCausalLM", true, 0, TwoNorms, Mixtral),
        new("qwen2", "qwen2", "Qwen2ForCausalLM", false, 0, TwoNorms, null),
        new("qwen2moe", "qwen2_moe", "Qwen2MoeForCausalLM", false, 0, TwoNorms, Qwen),
        new("qwen3", "qwen3", "Qwen3ForCausalLM", false, 0, TwoNorms, null),
        new("qwen3moe", "qwen3_moe", "Qwen3MoeForCausalLM", false, 0, TwoNorms, Qwen),
        new("gemma", "gemma", "GemmaForCausalLM", false, 1, TwoNorms, null),
        new("gemma2", "gemma2", "Gemma2ForCausalLM", false, 1, FourNorms, null),
        new("gemma3", "gemma3_text", "Gemma3ForCausalLM", false, 1, FourNorms, null),
    ];

    /// <summary>Finds an architecture; null if it is not read.</summary>
    public static GgufArchitecture? Find(string? name) => All.FirstOrDefault(one => one.Name == name);

    private static ImmutableDictionary<string, string> Of(params IEnumerable<(string File, string Name)> names) =>
        names.ToImmutableDictionary(pair => pair.File, pair => pair.Name, StringComparer.Ordinal);
}

/// <summary>Names of a layer's experts in Hugging Face's models.</summary>
/// <param name="Module">Module of the experts.</param>
/// <param name="Router">What chooses among them.</param>
/// <param name="Gate">Gate projection of an expert.</param>
/// <param name="Up">Up projection of an expert.</param>
/// <param name="Down">Down projection of an expert.</param>
internal sealed record ExpertNames(string Module, string Router, string Gate, string Up, string Down);
