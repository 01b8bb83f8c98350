namespace DemEngine.Checkpoints.Layers;

/// <summary>Which words in a tensor's name stand for a list of layers, and which never do.</summary>
internal static class LayerWords
{
    private static readonly string[] Classic = ["layers", "layer", "h", "blocks", "block"];

    private static readonly string[] Lists =
        ["stages", "stage", "resnets", "attentions", "encoders", "decoders", "conformer", "conformers", "self_attends"];

    private static readonly string[] Endings = ["layer", "layers", "block", "blocks"];

    private static readonly string[] NeverInLayers =
        ["conv", "norm", "emb", "expert", "adapter", "lora", "sampl", "scale", "weight", "mtp", "nextn", "pred"];

    private static readonly string[] NeverRepeated =
    [
        .. NeverInLayers, "head", "codebook", "quantiz", "mlp", "fc", "linear", "proj", "classif", "pool", "stem", "in", "out",
    ];

    /// <summary>Whether numbers behind this word are always those of layers: <c>layers</c>, <c>h</c>, <c>block</c>.</summary>
    public static bool IsClassic(string word) => Classic.Contains(word, StringComparer.Ordinal);

    /// <summary>
    /// Whether a word names a list of layers, as <c>double_blocks</c>, <c>encoder_layers</c>, <c>resblocks</c> and
    /// <c>layer1</c> do.
    /// </summary>
    public static bool IsList(string word)
    {
        if (IsClassic(word) || Lists.Contains(word, StringComparer.Ordinal))
            return true;
        string[] tokens = word.ToLowerInvariant().Split('_');
        return tokens.Any(token => Endings.Any(ending => token.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
                .EndsWith(ending, StringComparison.Ordinal)))
            && !HasToken(tokens, NeverInLayers);
    }

    /// <summary>Whether a list of this name can hold layers although the name does not say so.</summary>
    public static bool CanRepeat(string word) => !HasToken(word.ToLowerInvariant().Split('_'), NeverRepeated);

    /// <summary>Whether a word names stages, each of which has layers of its own.</summary>
    public static bool IsStage(string word) =>
        word.Split('_').Any(token => token is "stages" or "stage" or "levels" or "level");

    /// <summary>
    /// Whether a list of this name can hold stages: a stage's own list is then called <c>blocks</c> or <c>layers</c>, or has no
    /// name.
    /// </summary>
    public static bool CanHold(string outer, string inner) =>
        (IsStage(outer) && CanRepeat(inner)) || (UNet.PartOf(outer) is null && inner is "" or "blocks" or "layers" or "block");

    private static bool HasToken(string[] tokens, string[] starts) =>
        tokens.Any(token => starts.Any(start => token.StartsWith(start, StringComparison.Ordinal)));
}
