using System.Globalization;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints.Gguf;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.GgufModels;

/// <summary>Writes the <c>config.json</c> of a model that a GGUF file describes, as far as its metadata go.</summary>
internal static class GgufConfig
{
    /// <summary>Writes the configuration.</summary>
    /// <param name="header">Header of the first file.</param>
    /// <param name="architecture">Architecture of the model.</param>
    /// <param name="tensors">The tensors in Hugging Face's layout.</param>
    /// <param name="type">Element type of the matrices.</param>
    public static byte[] Write(
        GgufHeader header, GgufArchitecture architecture, IReadOnlyCollection<TensorSpec> tensors, ElementType type)
    {
        string of = architecture.Name;
        TensorSpec? embedding = tensors.FirstOrDefault(tensor => tensor.Name == "model.embed_tokens.weight");
        bool isMixture = tensors.Any(tensor => tensor.Name.Contains(".experts.", StringComparison.Ordinal));
        bool isMixtral = isMixture && architecture.ModelType == "llama";
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(isMixtral ? "MixtralForCausalLM" : architecture.Class),
            ["model_type"] = isMixtral ? "mixtral" : architecture.ModelType,
            ["hidden_size"] = header.Number($"{of}.embedding_length"),
            ["intermediate_size"] = header.Number($"{of}.feed_forward_length"),
            ["num_hidden_layers"] = header.Number($"{of}.block_count"),
            ["num_attention_heads"] = header.Number($"{of}.attention.head_count"),
            ["num_key_value_heads"] = header.Number($"{of}.attention.head_count_kv"),
            ["head_dim"] = header.Number($"{of}.attention.key_length"),
            ["max_position_embeddings"] = header.Number($"{of}.context_length"),
            ["rms_norm_eps"] = Round(header.Real($"{of}.attention.layer_norm_rms_epsilon")),
            ["rope_theta"] = Round(header.Real($"{of}.rope.freq_base")),
            ["sliding_window"] = header.Number($"{of}.attention.sliding_window"),
            ["vocab_size"] = embedding?.Shape.Rows,
            ["bos_token_id"] = header.Number("tokenizer.ggml.bos_token_id"),
            ["eos_token_id"] = header.Number("tokenizer.ggml.eos_token_id"),
            ["tie_word_embeddings"] = tensors.All(tensor => tensor.Name != "lm_head.weight"),
            ["dtype"] = type.TorchName,
        };
        if (isMixture)
        {
            config[isMixtral ? "num_local_experts" : "num_experts"] = header.Number($"{of}.expert_count");
            config["num_experts_per_tok"] = header.Number($"{of}.expert_used_count");
            config["moe_intermediate_size"] = header.Number($"{of}.expert_feed_forward_length");
        }

        foreach (string key in config.Where(pair => pair.Value is null).Select(pair => pair.Key).ToArray())
            config.Remove(key);
        return IndentedJson.Write(config);
    }

    // Files hold these numbers in F32, and 1e-5 is meant where that is nearest. JSON has no NaN and no infinities.
    private static double? Round(double? number) => number is { } one && float.IsFinite((float)one)
        ? double.Parse(((float)one).ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
        : null;
}
