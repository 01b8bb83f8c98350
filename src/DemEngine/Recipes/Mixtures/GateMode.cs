namespace DemEngine.Recipes.Mixtures;

/// <summary>How the routers of a mixture of experts are made, which say for each token how well each expert fits.</summary>
public enum GateMode
{
    /// <summary>
    /// <c>hidden</c>: an expert's row in a layer's router is the hidden state with which the base model enters that layer at the
    /// last token of the expert's prompts, averaged over the prompts.
    /// </summary>
    Hidden,

    /// <summary><c>cheap_embed</c>: an expert's row is the sum of its prompts' embeddings, the same in all layers.</summary>
    CheapEmbed,

    /// <summary><c>random</c>: standard normal numbers, for a mixture that is to be trained.</summary>
    Random,

    /// <summary>
    /// <c>uniform_random</c>: numbers between ±1/√n for a hidden state of n elements, as PyTorch starts a linear layer.
    /// </summary>
    UniformRandom,
}

/// <summary>The words for gate modes in recipes.</summary>
internal static class GateModes
{
    /// <summary>All modes with their words.</summary>
    public static readonly IReadOnlyList<(string Word, GateMode Mode)> All =
    [
        ("hidden", GateMode.Hidden),
        ("cheap_embed", GateMode.CheapEmbed),
        ("random", GateMode.Random),
        ("uniform_random", GateMode.UniformRandom),
    ];

    /// <summary>The word for a mode.</summary>
    public static string Word(this GateMode mode) => All.First(one => one.Mode == mode).Word;

    /// <summary>Whether routers of a mode are made from prompts.</summary>
    public static bool NeedsPrompts(this GateMode mode) => mode is GateMode.Hidden or GateMode.CheapEmbed;
}
