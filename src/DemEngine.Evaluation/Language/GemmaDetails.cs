using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// What the text decoders of Gemma 2 (https://arxiv.org/abs/2408.00118, section 2) and Gemma 3 (https://arxiv.org/abs/2503.19786,
/// section 2) compute otherwise than Llama: embeddings are multiplied by √hidden size, normalisations by 1 + w, gates pass
/// through GELU, what attention and the MLP add is normalised too, and only some layers see no further than the window. Gemma 3
/// normalises the heads of queries and keys as well; see <see cref="LlamaConfig.HasHeadNorms"/>.
/// </summary>
/// <param name="QueryScalar"><c>query_pre_attn_scalar</c>: scores are divided by its root.</param>
/// <param name="LocalLayers">
/// <c>layer_types</c>: for each layer, whether it sees no further than <see cref="LlamaConfig.Window"/>.
/// </param>
public sealed record GemmaDetails(double QueryScalar, ImmutableArray<bool> LocalLayers)
{
    /// <summary><c>attn_logit_softcapping</c>: bound c of scores, which become c·tanh(s/c); null for none.</summary>
    public double? ScoreCap { get; init; }

    /// <summary><c>final_logit_softcapping</c>: bound of the scores of tokens; null for none.</summary>
    public double? LogitCap { get; init; }

    /// <summary>
    /// <c>rope_local_base_freq</c>: base of the rotary frequencies in the layers with a window, which have no scaling; null where
    /// they are those of all layers, as in Gemma 2.
    /// </summary>
    public double? LocalRopeTheta { get; init; }

    /// <inheritdoc/>
    public bool Equals(GemmaDetails? other) =>
        other is not null && Key == other.Key && LocalLayers.SequenceEqual(other.LocalLayers);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode();

    private (double, double?, double?, double?) Key => (QueryScalar, ScoreCap, LogitCap, LocalRopeTheta);

    /// <summary>Writes the keys of <c>config.json</c>.</summary>
    internal void WriteTo(JsonObject config)
    {
        config.Remove("hidden_act");
        config["hidden_activation"] = "gelu_pytorch_tanh";
        config["query_pre_attn_scalar"] = QueryScalar;
        config["attn_logit_softcapping"] = ScoreCap;
        config["final_logit_softcapping"] = LogitCap;
        config["layer_types"] = new JsonArray(
            [.. LocalLayers.Select(isLocal => JsonValue.Create(isLocal ? "sliding_attention" : "full_attention"))]);
        if (LocalRopeTheta is { } theta)
            config["rope_local_base_freq"] = theta;
    }
}
