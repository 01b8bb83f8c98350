using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// A checkpoint's own tokenizer. Added tokens are found first; the text between them is normalised and split into pieces, and
/// each piece is merged.
/// </summary>
internal sealed class BytePairTokenizer : ITokenizer
{
    private readonly TokenizerParts _parts;
    private readonly BytePairModel _model;
    private readonly TokenText _text;
    private readonly AddedTokenFinder _raw;
    private readonly AddedTokenFinder _normalized;
    private readonly int? _endOfText;

    /// <exception cref="DemException">
    /// DEM2104, DEM2105 (NoTokenizer, BadTokenizer): the parts are not supported or do not fit the model.
    /// </exception>
    public BytePairTokenizer(TokenizerParts parts, LlamaConfig config)
    {
        CheckIds(parts, config);
        _parts = parts;
        _model = new BytePairModel(parts);
        _text = new TokenText(parts);
        _raw = new AddedTokenFinder(
            parts.AddedTokens.Where(token => !token.IsNormalized).Select(token => (token.Content, token)));
        _normalized = new AddedTokenFinder(
            parts.AddedTokens.Where(token => token.IsNormalized).Select(token => (parts.Normalize(token.Content), token)));
        VocabularySize = config.VocabularySize;
        _endOfText = parts.EndOfText ?? (config.EndOfText is [int first, ..] ? first : null);
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int? BeginOfText => _parts.BeginOfText;

    /// <inheritdoc/>
    public int EndOfText => _endOfText
        ?? throw TokenizerFault.Unsupported(
            _parts.File,
            "nothing says which token ends a text: "
            + $"neither {TokenizerParts.ConfigFileName} nor {LlamaConfig.FileName}");

    /// <inheritdoc/>
    public ImmutableArray<int> Encode(string text)
    {
        var ids = new List<int>();
        bool begins = true;
        foreach (var (token, section) in _raw.Split(text))
        {
            if (token is null)
                EncodeSection(section, begins, ids);
            else
                Add(token, ids);
            begins = false;
        }

        return [.. ids];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens) => _text.Decode(tokens);

    private void EncodeSection(string section, bool begins, List<int> ids)
    {
        foreach (var (token, stretch) in _normalized.Split(_parts.Normalize(section)))
        {
            if (token is not null)
            {
                Add(token, ids);
            }
            else
            {
                foreach (string piece in _parts.PreTokenize(stretch, begins))
                    _model.Encode(piece, ids);
            }

            begins = false;
        }
    }

    // Some checkpoints have added tokens without a row in the embedding, such as one for padding. They are an error only where
    // used.
    private void Add(AddedToken token, List<int> ids)
    {
        if (token.Id >= VocabularySize)
            throw new DemException(ErrorCode.TokenOutOfRange, Outside(_parts.File, token.Content, token.Id, VocabularySize));
        ids.Add(token.Id);
    }

    private static void CheckIds(TokenizerParts parts, LlamaConfig config)
    {
        var tokens = new Dictionary<int, string>(parts.Vocabulary.Count);
        HashSet<string> added = [.. parts.AddedTokens.Select(token => token.Content)];
        foreach (var (token, id) in parts.Vocabulary)
        {
            if (id < 0 || (id >= config.VocabularySize && !added.Contains(token)))
                throw TokenizerFault.Damaged(
                    parts.File, Outside("the vocabulary", token, id, config.VocabularySize));
            if (!tokens.TryAdd(id, token))
                throw TokenizerFault.Damaged(
                    parts.File, $"{Quoted.Name(token)} and {Quoted.Name(tokens[id])} have the same id {id}");
        }

        foreach (AddedToken token in parts.AddedTokens)
        {
            if (token.Id < 0)
                throw TokenizerFault.Damaged(
                    parts.File, Outside("added_tokens", token.Content, token.Id, config.VocabularySize));
            if (parts.Vocabulary.TryGetValue(token.Content, out int id)
                ? id != token.Id
                : !tokens.TryAdd(token.Id, token.Content))
                throw TokenizerFault.Damaged(
                    parts.File,
                    $"the added token {Quoted.Name(token.Content)} has the id {token.Id}, "
                    + "and so has another token, or it has two");
        }

        foreach (int? id in new[] { parts.BeginOfText, parts.EndOfText })
        {
            if (id is { } special && (uint)special >= (uint)config.VocabularySize)
                throw TokenizerFault.Damaged(
                    parts.File,
                    Outside(
                        "what begins or ends a text",
                        tokens.GetValueOrDefault(special, ""),
                        special,
                        config.VocabularySize));
        }
    }

    private static string Outside(string where, string token, int id, int size) =>
        $"{where}: {Quoted.Name(token)} has the id {id}, and the vocabulary of {LlamaConfig.FileName} has {size}";
}
