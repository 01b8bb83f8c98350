using System.Text;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>Decodes ids to text.</summary>
internal sealed class TokenText
{
    private readonly Spelling _spelling;
    private readonly bool _prefixesSpace;
    private readonly Dictionary<int, string> _tokens;
    private readonly Dictionary<int, AddedToken> _added;

    public TokenText(TokenizerParts parts)
    {
        _spelling = parts.Spelling;
        _prefixesSpace = parts.PrefixesSpace;
        _tokens = parts.Vocabulary.ToDictionary(token => token.Value, token => token.Key);
        _added = parts.AddedTokens.ToDictionary(token => token.Id);
    }

    /// <summary>Returns the text of ids; special tokens and unknown ids give no text.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        // A token may be a part of a character, so all bytes are collected before they are decoded.
        var bytes = new List<byte>(ids.Length * 4);
        foreach (int id in ids)
        {
            if (_added.TryGetValue(id, out AddedToken? added))
                bytes.AddRange(added.IsSpecial ? [] : Encoding.UTF8.GetBytes(added.Content));
            else if (_tokens.TryGetValue(id, out string? token))
                Append(token, bytes);
        }

        string text = Encoding.UTF8.GetString([.. bytes]);
        return _prefixesSpace && text.StartsWith(' ') ? text[1..] : text;
    }

    private void Append(string token, List<byte> bytes)
    {
        if (_spelling == Spelling.ByteFallback)
        {
            if (ByteTokens.TryGetByte(token, out byte value))
                bytes.Add(value);
            else
                bytes.AddRange(Encoding.UTF8.GetBytes(token.Replace(Metaspace.Mark, ' ')));
            return;
        }

        foreach (char character in token)
        {
            if (ByteAlphabet.TryGetByte(character, out byte value))
                bytes.Add(value);
        }
    }
}
