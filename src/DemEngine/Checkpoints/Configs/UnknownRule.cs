using System.Text.Json.Nodes;

namespace DemEngine.Checkpoints.Configs;

/// <summary>
/// Keys whose names show that the kinds of layers follow from them, by a rule that is not known here. They are kept where any
/// rule would give the layers the same kinds, and nowhere else.
/// </summary>
internal static class UnknownRule
{
    private static readonly string[] Rhythms =
        ["period", "offset", "interval", "freq", "frequency", "every", "pattern", "cycle", "modulo", "step"];

    private static readonly string[] Subjects =
    [
        "layer", "layers", "attn", "attention", "moe", "expert", "experts", "sparse", "dense", "window", "rope", "block",
        "blocks", "cross", "global", "sliding", "full", "hybrid", "mamba", "ssm", "nope",
    ];

    private static readonly string[] Bounds = ["start", "end", "first", "last", "begin", "until", "from"];
    private static readonly string[] Ends = ["idx", "index", "idxs", "indices", "indexes", "ids", "layers", "layer"];

    private static readonly string[] Counted =
        ["dense", "sparse", "shared", "sliding", "full", "window", "moe", "hash", "cross", "mamba", "linear"];

    /// <summary>Whether a key with a number belongs to such a rule.</summary>
    public static bool Governs(string key)
    {
        string[] words = key.ToLowerInvariant().Split('_');
        if (words.Contains("size") || words.Contains("dim"))
            return false;
        bool isOfLayers = words.Any(word => word is "layer" or "layers" or "block" or "blocks");
        return (words.Any(word => Rhythms.Contains(word, StringComparer.Ordinal))
                && words.Any(word => Subjects.Contains(word, StringComparer.Ordinal)) && words[^1] is not ("dropout" or "loss"))
            || (isOfLayers && words.Any(word => Bounds.Contains(word, StringComparer.Ordinal)))
            || (isOfLayers && words[0] is "num" or "n" && words.Any(word => Counted.Contains(word, StringComparer.Ordinal)));
    }

    /// <summary>Whether a key with a list of numbers names layers: <c>attn_layer_indices</c>, <c>full_attn_idxs</c>.</summary>
    public static bool NamesLayers(string key)
    {
        string[] words = key.ToLowerInvariant().Split('_');
        return Ends.Contains(words[^1], StringComparer.Ordinal) && !IsOfTokens(words)
            && (words.Length > 1 || words[0] is "layers");
    }

    /// <summary>Whether an object whose keys are numbers is one by layers, and not, say, by labels.</summary>
    public static bool IsByNumber(string key) =>
        key == "pruned_heads" || key.Split('_').Any(word => word is "layer" or "layers" or "block" or "blocks");

    /// <summary>Whether a key cannot be about layers, whatever it holds.</summary>
    public static bool IsOther(string key)
    {
        string[] words = key.ToLowerInvariant().Split('_');
        return IsOfTokens(words) || words.Any(word => word is "architectures" or "conv" or "tdnn" or "mean" or "std"
            or "languages" or "pinpoints" or "labels" or "kernel" or "kernels" or "stride" or "strides" or "section" or "betas"
            or "scaling" or "quantization" or "aspect" or "ratios" or "keys" or "modules" or "features");
    }

    /// <summary>
    /// Whether the number of a key that governs layers gives a layer the same kind at two places, whatever the rule.
    /// </summary>
    public static bool IsSame(string key, int value, int layer, int place)
    {
        if (key.ToLowerInvariant().Split('_').Any(word => Rhythms.Contains(word, StringComparer.Ordinal)))
            return value <= 1 || (layer - place) % value == 0;
        return (layer < value) == (place < value) && (layer > value) == (place > value);
    }

    /// <summary>Whether a list of numbers may name layers of a model of so many.</summary>
    public static bool MayName(JsonArray list, int count) =>
        list.Count > 0
        && list.All(item => item is JsonValue value && value.TryGetValue(out int layer) && layer >= 0 && layer <= count);

    private static bool IsOfTokens(string[] words) =>
        words.Any(word => word is "token" or "tokens" or "bos" or "eos" or "pad" or "input" or "position" or "label" or "vocab");
}
