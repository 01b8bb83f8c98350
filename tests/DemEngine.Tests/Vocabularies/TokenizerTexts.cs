using System.Text;
using System.Text.Json;

namespace DemEngine.Tests.Vocabularies;

/// <summary>Small tokenizer files.</summary>
internal static class TokenizerTexts
{
    /// <summary>A <c>tokenizer.json</c> of kind BPE whose tokens have the ids of their places, the added ones after the others.</summary>
    public static string Bpe(string[] tokens, string[]? added = null, string[]? merges = null, bool statesAdded = false, string more = "")
    {
        IEnumerable<string> inModel = statesAdded ? tokens.Concat(added ?? []) : tokens;
        string vocab = string.Join(", ", inModel.Select((token, id) => $"{Text(token)}: {id}"));
        string addedTokens = string.Join(", ", (added ?? []).Select((token, k) => AddedToken(token, tokens.Length + k)));
        return $$$"""{"version": "1.0", {{{more}}} "added_tokens": [{{{addedTokens}}}], "model": {"type": "BPE", "vocab": {{{{vocab}}} }, "merges": [{{{string.Join(", ", (merges ?? []).Select(Text))}}}]}}""";
    }

    /// <summary>One of kind Unigram.</summary>
    public static string Unigram(params (string Token, double Score)[] tokens) =>
        $$$"""{"added_tokens": [], "model": {"type": "Unigram", "unk_id": 0, "vocab": [{{{string.Join(", ", tokens.Select(token => FormattableString.Invariant($"[{Text(token.Token)}, {token.Score}]")))}}}]}}""";

    public static string AddedToken(string token, int id) =>
        $$"""{"id": {{id}}, "content": {{Text(token)}}, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}""";

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(string text) => JsonSerializer.Serialize(text);
}
