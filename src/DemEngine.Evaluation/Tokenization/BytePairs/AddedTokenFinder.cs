using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>Finds added tokens in text. The leftmost match is taken, and of those that begin there the longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<char, (string Content, AddedToken Token)[]> _byFirst;

    /// <param name="tokens">
    /// Tokens to find, each with its text as it appears where it is looked for; no text may be empty.
    /// </param>
    public AddedTokenFinder(IEnumerable<(string Content, AddedToken Token)> tokens) => _byFirst = tokens
        .GroupBy(token => token.Content[0])
        .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Content.Length).ToArray());

    /// <summary>Splits a text at its added tokens.</summary>
    /// <returns>
    /// Parts of the text in order: a token with its text, or null with the text between tokens, which is never empty.
    /// </returns>
    public IEnumerable<(AddedToken? Token, string Text)> Split(string text)
    {
        int start = 0;
        for (int at = 0; at < text.Length;)
        {
            if (At(text, at) is not { Token: not null } found)
            {
                at++;
                continue;
            }

            if (at > start)
                yield return (null, text[start..at]);
            yield return (found.Token, found.Content);
            start = at += found.Content.Length;
        }

        if (start < text.Length)
            yield return (null, text[start..]);
    }

    private (string Content, AddedToken Token) At(string text, int at) =>
        _byFirst.TryGetValue(text[at], out (string Content, AddedToken Token)[]? tokens)
            ? tokens.FirstOrDefault(token => string.CompareOrdinal(text, at, token.Content, 0, token.Content.Length) == 0)
            : default;
}
