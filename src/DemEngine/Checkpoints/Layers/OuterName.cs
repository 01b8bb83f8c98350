namespace DemEngine.Checkpoints.Layers;

/// <summary>What the name of a tensor outside the layers says of its place.</summary>
internal static class OuterName
{
    private static readonly string[] Before =
    [
        "wte", "wpe", "shared", "conv1", "conv2", "bn1", "conv_in", "conv_stem", "stem", "convs", "ln_pre", "norm_pre",
        "pre_norm", "pre_layrnorm", "pre_layernorm", "layernorm_pre", "feature_extractor", "feature_projection", "query_tokens",
        "class_token", "cls_token", "img_in", "txt_in", "time_in", "vector_in", "guidance_in", "label_emb", "patch_conv",
        "altup_projections",
        "per_layer_model_projection", "per_layer_projection_norm", "rotary", "rotary_pos_emb", "position_ids", "pos_emb",
        "prenet", "frontend", "input_projection", "input_proj", "patchify", "register_tokens", "mask_token", "emb_norm",
    ];

    private static readonly string[] BeforeIfWithin = ["prenet", "subsampl", "subsample", "patch_merger_in"];

    private static readonly string[] After =
        ["embed_out", "embedding_norm", "embeddings_out", "output_embedding", "output_embeddings"];

    private static readonly string[] Prediction = ["mtp", "nextn"];

    /// <summary>Tensors that only a layer for multi-token prediction has, as DeepSeek-V3 and GLM-4.5 call them.</summary>
    private static readonly string[] PredictionModules = ["eh_proj.", "enorm.", "hnorm.", "shared_head."];

    /// <summary>Whether a tensor comes before the layers.</summary>
    public static bool IsBefore(string tensor)
    {
        string[] parts = tensor.Split('.');
        if (parts.Any(part => After.Contains(part, StringComparer.Ordinal) || part.Contains("unembed", StringComparison.Ordinal)))
            return false;
        return parts.Any(part =>
            Before.Contains(part, StringComparer.Ordinal)
            || Array.Exists(BeforeIfWithin, word => part.Contains(word, StringComparison.Ordinal))
            || (part.Contains("embed", StringComparison.Ordinal) && IsWord(part)));
    }

    /// <summary>Whether a tensor belongs to modules for multi-token prediction, such as <c>mtp.layers.0</c>.</summary>
    public static bool IsPrediction(string tensor) =>
        Array.Exists(Prediction, word => tensor.Contains(word, StringComparison.Ordinal))
        && tensor.Split('.').Any(part => part.Split('_')[0] is var word && Prediction.Contains(word, StringComparer.Ordinal));

    /// <summary>Whether a layer that has such a tensor is one for multi-token prediction.</summary>
    /// <param name="rest">Name of the tensor within the layer.</param>
    public static bool IsOfPredictionLayer(string rest) =>
        Array.Exists(PredictionModules, module => rest.StartsWith(module, StringComparison.Ordinal));

    private static bool IsWord(string part) => part.All(c => c == '_' || char.IsLetterOrDigit(c));
}
