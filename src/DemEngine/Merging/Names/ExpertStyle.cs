using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;

namespace DemEngine.Merging.Names;

/// <summary>What a model's configuration says of how its experts are stored.</summary>
/// <param name="Names">Names of tensors of single experts; null for the usual ones.</param>
/// <param name="IsTransposed">Whether matrices of all experts together are [in, out], and not [out, in] as others are.</param>
/// <param name="IsInterleaved">
/// Whether gates and ups alternate in transposed matrices; null where the architecture is not known, so that it cannot be told.
/// </param>
internal sealed record ExpertStyle(ExpertNames? Names, bool IsTransposed, bool? IsInterleaved)
{
    /// <summary>Reads what a model's configuration says.</summary>
    /// <param name="files">Side files of the model by name.</param>
    public static ExpertStyle Of(IReadOnlyDictionary<string, byte[]> files)
    {
        IEnumerable<string> types = ModelConfig.TryOf(files)?.Words("model_type") ?? [];
        return types.Select(Known).FirstOrDefault(style => style is not null) ?? new ExpertStyle(null, false, null);
    }

    private static ExpertStyle? Known(string type) => type switch
    {
        "mixtral" or "minimax" or "minimax_m2" => new ExpertStyle(ExpertNames.Mixtral, false, null),
        "lfm2_moe" => new ExpertStyle(ExpertNames.Mixtral with { Block = "feed_forward" }, false, null),

        // transformers: Llama4TextExperts, the mapping of qwen3_vl_moe's files, OpenAIPrivacyFilterExperts, GptOssExperts.
        "llama4" or "llama4_text" or "qwen3_vl_moe" or "qwen3_vl_moe_text" or "openai_privacy_filter" =>
            new ExpertStyle(null, true, false),
        "gpt_oss" => new ExpertStyle(null, true, true),
        _ => null,
    };
}
