using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.Json;

/// <summary>Reads an added token from the JSON of a tokenizer's file.</summary>
internal static class AddedTokenJson
{
    /// <exception cref="DemException">
    /// DEM2104, DEM2105 (NoTokenizer, BadTokenizer): the token is not supported, or its entry is damaged.
    /// </exception>
    public static AddedToken Read(TokenizerNode node, int id)
    {
        if (node.Text("content") is not { Length: > 0 } content)
            throw node.Bad("an added token without content");
        foreach (string key in new[] { "lstrip", "rstrip", "single_word" })
        {
            if (node.Flag(key))
                throw node.Unsupported($"has {key}; added tokens that look at the text around them are not supported");
        }

        return new AddedToken(content, id, node.Flag("normalized"), node.Flag("special"));
    }
}
