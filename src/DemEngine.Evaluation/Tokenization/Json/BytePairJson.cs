using System.Text.Json;
using DemEngine.Errors;

namespace DemEngine.Evaluation.Tokenization.Json;

/// <summary>The <c>model</c> of a <c>tokenizer.json</c>.</summary>
/// <param name="Vocabulary">Vocabulary from token to id.</param>
/// <param name="Merges">Merges in order of priority, the first to be done first.</param>
/// <param name="IgnoreMerges">Value of <c>ignore_merges</c>: whether a piece that is itself a token is taken whole.</param>
/// <param name="ByteFallback">Value of <c>byte_fallback</c>: whether characters without a token are spelt as bytes.</param>
internal sealed record BytePairJson(
    Dictionary<string, int> Vocabulary,
    List<(string Left, string Right)> Merges,
    bool IgnoreMerges,
    bool ByteFallback)
{
    /// <exception cref="DemException">
    /// DEM2104, DEM2105 (NoTokenizer, BadTokenizer): the model is not supported, or it is damaged.
    /// </exception>
    public static BytePairJson Read(TokenizerNode model)
    {
        // Files of early versions omit the type.
        if (model.Type is not ("BPE" or ""))
            throw model.Unsupported($"is of type {Quoted.Name(model.Type)}; only BPE is supported");
        model.Only(
            "dropout",
            "unk_token",
            "continuing_subword_prefix",
            "end_of_word_suffix",
            "fuse_unk",
            "byte_fallback",
            "ignore_merges",
            "vocab",
            "merges");
        foreach (string key in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (model.Text(key) is { Length: > 0 })
                throw model.Unsupported($"has {key}, which is not supported");
        }

        if (model.Find("dropout") is { } dropout && !(dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() == 0))
            throw model.Unsupported("has dropout, which would give other ids each time");

        TokenizerNode vocabulary = model.Object("vocab") ?? throw model.Bad("there is no vocab");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty token in vocabulary.Element.EnumerateObject())
            ids.Add(token.Name, vocabulary.Id(token.Name, token.Value));
        if (ids.Count == 0)
            throw model.Bad("vocab is empty");
        if (model.Find("merges") is null)
            throw model.Bad("there are no merges");

        var merges = new List<(string, string)>();
        foreach (JsonElement merge in model.List("merges"))
            merges.Add(Merge(merge) ?? throw model.Bad($"merges[{merges.Count}] is not two tokens"));
        return new BytePairJson(ids, merges, model.Flag("ignore_merges"), model.Flag("byte_fallback"));
    }

    // A merge is "a b", or ["a", "b"] in files of later versions.
    private static (string, string)? Merge(JsonElement merge) => merge.ValueKind switch
    {
        JsonValueKind.String =>
            merge.GetString()!.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right) : null,
        JsonValueKind.Array => merge.GetArrayLength() == 2
            && merge[0].ValueKind == JsonValueKind.String
            && merge[1].ValueKind == JsonValueKind.String
            && merge[0].GetString() is { Length: > 0 } left
            && merge[1].GetString() is { Length: > 0 } right
                ? (left, right)
                : null,
        _ => null,
    };
}
