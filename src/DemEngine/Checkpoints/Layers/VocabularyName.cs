namespace DemEngine.Checkpoints.Layers;

/// <summary>
/// What a tensor's name tells about its having a row for each token of the vocabulary. A name alone decides nothing: it helps
/// where the number of rows fits by chance, as in small models.
/// </summary>
internal static class VocabularyName
{
    /// <summary>Names of modules, wherever they lie in the model, layers included.</summary>
    private static readonly string[] Anywhere =
    [
        "embed_tokens",
        "embed_tokens_per_layer",
        "embed_text_tokens",
        "text_embed_tokens",
        "tok_embeddings",
        "token_embedding",
        "token_embeddings",
        "tokens_embed",
        "word_embedding",
        "word_embeddings",
        "wte",
        "embed_in",
        "embed_out",
        "lm_head",
        "generator_lm_head",
        "lm_loss",
        "shared_head.head",
        "vocab_projector",
        "predictions.decoder",
    ];

    /// <summary>Names of modules that mean something else inside layers.</summary>
    private static readonly string[] OutsideLayers =
    [
        "shared",
        "embedding",
        "embeddings",
        "emb",
        "embed",
        "unembed",
        "tok_emb",
        "w",
        "head",
        "output",
        "output_layer",
        "output_projection",
        "predictions",
        "pred_layer.proj",
        "lm_head.decoder",
        "ff_out",
    ];

    /// <summary>Parts of names of what is as wide as the model, or has a row for each position.</summary>
    private static readonly string[] OtherParts =
    [
        "norm",
        "ln_",
        "position",
        "pos_emb",
        "wpe",
        "rotary",
        "inv_freq",
        "token_type",
        "patch",
        "pooler",
        "transform.",
        "projector",
    ];

    /// <summary>Whether this is the name of a token embedding or of an output matrix, or of an output's bias.</summary>
    public static bool IsKnown(string tensor)
    {
        if (IsTokenTable(tensor) || IsColumns(tensor) || tensor is "final_logits_bias"
            || tensor.EndsWith(".final_logits_bias", StringComparison.Ordinal))
            return true;
        ReadOnlySpan<char> module = ModuleOf(tensor);
        return module is "decoder" || EndsWith(module, Anywhere)
            || (EndsWith(module, OutsideLayers) && LayerName.Parse(tensor).Stack is null);
    }

    /// <summary>
    /// Whether this is a name that is used for token embeddings and output matrices alone, so that one of another size is odd.
    /// </summary>
    public static bool IsCertain(string tensor) => EndsWith(ModuleOf(tensor), Anywhere);

    /// <summary>Whether this is the name of a token embedding, from which a model's first layer is fed.</summary>
    public static bool IsInput(string tensor) =>
        IsKnown(tensor) && ModuleOf(tensor).ToString().Split('.')[^1] is { Length: > 0 } last
        && (last is "shared" or "wte" or "w" || (last.StartsWith("emb", StringComparison.Ordinal) && last != "embed_out")
            || last.StartsWith("tok", StringComparison.Ordinal) || last.StartsWith("word", StringComparison.Ordinal)
            || last.StartsWith("text_emb", StringComparison.Ordinal));

    /// <summary>Whether a token's entries are a column of the matrix, as in MobileBERT's second output matrix.</summary>
    public static bool IsColumns(string tensor) => EndsWith(ModuleOf(tensor), ["predictions.dense"]);

    /// <summary>
    /// Whether this is the name of a table of integers that is looked up by token, as DeepSeek's table of experts is.
    /// </summary>
    public static bool IsTokenTable(string tensor) =>
        tensor is "tid2eid" || tensor.EndsWith(".tid2eid", StringComparison.Ordinal);

    /// <summary>Whether the name says that the tensor has nothing to do with tokens, such as that of a norm.</summary>
    public static bool IsOther(string tensor) =>
        Array.Exists(OtherParts, part => tensor.Contains(part, StringComparison.Ordinal));

    /// <returns>Path of the module; empty if the tensor is no weight or bias of one.</returns>
    private static ReadOnlySpan<char> ModuleOf(string tensor) =>
        tensor.LastIndexOf('.') is > 0 and int end && tensor.AsSpan(end + 1) is "weight" or "bias" ? tensor.AsSpan(0, end) : [];

    private static bool EndsWith(ReadOnlySpan<char> module, string[] names)
    {
        if (module.IsEmpty)
            return false;

        // Half a million names are looked at several times. Their last character rules out most of the words.
        char last = module[^1];
        foreach (string name in names)
        {
            if (name[^1] == last && module.EndsWith(name)
                && (module.Length == name.Length || module[^(name.Length + 1)] == '.'))
                return true;
        }

        return false;
    }
}
