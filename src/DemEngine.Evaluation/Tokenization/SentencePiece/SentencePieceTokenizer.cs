using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.BytePairs;
using DemEngine.Evaluation.Tokenization.Definition;
using DemEngine.Evaluation.Tokenization.Json;

namespace DemEngine.Evaluation.Tokenization.SentencePiece;

/// <summary>
/// Reads <c>tokenizer.model</c> files of Llama's kind (Kudo and Richardson, "SentencePiece", https://arxiv.org/abs/1808.06226):
/// BPE with bytes as a fallback and no normalisation except visible spaces. Tokens that begin and end a text and special tokens
/// in the text are treated as in Hugging Face's LlamaTokenizer. The SentencePiece reader of Microsoft.ML.Tokenizers takes the
/// rightmost of two equal merges where SentencePiece takes the leftmost. Therefore its BPE merging is used instead, with the
/// merges that the scores imply.
/// </summary>
internal static class SentencePieceTokenizer
{
    private const string ExtraFileName = "added_tokens.json";

    // Far longer than the pieces of any vocabulary. Finding the merges takes time proportional to the square of the length.
    private const int LongestPiece = 1000;

    /// <exception cref="DemException">
    /// DEM2023, DEM2104, DEM2105 (BadSideFile, NoTokenizer, BadTokenizer): the file cannot be read, has something unsupported, or
    /// is damaged.
    /// </exception>
    public static TokenizerParts Read(string file, TokenizerConfig settings)
    {
        SentencePieceModel model = SentencePieceModel.Parse(TokenizerBytes.Read(file), file);
        Check(model, file);
        Dictionary<string, int> vocabulary = Vocabulary(model, file);
        AddedToken[] control =
        [
            .. model.Pieces.Index()
                .Where(piece => piece.Item.Type is PieceType.Control or PieceType.Unknown)
                .Select(piece => new AddedToken(piece.Item.Text, piece.Index, IsNormalized: false, IsSpecial: true)),
        ];
        ImmutableArray<AddedToken> added = [.. control, .. settings.AddedTokens.Where(token => token.Id >= model.Pieces.Count)];

        int? Find(string? token, int otherwise) => token is null
            ? (otherwise < 0
                ? null
                : otherwise < model.Pieces.Count
                    ? otherwise
                    : throw TokenizerFault.Damaged(file, $"there is no piece {otherwise}"))
            : added.FirstOrDefault(other => other.Content == token)?.Id
                ?? throw TokenizerFault.Damaged(
                    file,
                    $"{TokenizerConfig.FileName} names the special token {Quoted.Name(token)}, which is not one here");

        return new TokenizerParts
        {
            File = file,
            Vocabulary = vocabulary,
            Merges = ImpliedMerges.Of(model, vocabulary, file),
            Spelling = Spelling.ByteFallback,
            AddedTokens = added,
            PreTokenize = (text, begins) =>
                [model.AddsPrefix && (begins || settings.Legacy) ? Metaspace.Mark + Metaspace.Show(text) : Metaspace.Show(text)],
            PrefixesSpace = model.AddsPrefix,
            BeginOfText = settings.AddBeginOfText ?? true ? Find(settings.BeginOfText, model.BeginOfText) : null,
            EndOfText = Find(settings.EndOfText, model.EndOfText),
        };
    }

    private static void Check(SentencePieceModel model, string file)
    {
        if (model.Pieces.Count == 0)
            throw TokenizerFault.Damaged(file, "there are no pieces in it");
        string? refused = model switch
        {
            { ModelType: not 2 } => $"is of type {model.ModelType}; only BPE, 2, is supported",
            { ByteFallback: false } => "has no byte_fallback, and is not supported without",
            { HasCharacterMap: true } => "normalises with a table of characters, which is not supported",
            { RemovesExtraSpaces: true } => "removes extra spaces, which is not supported",
            { ShowsSpaces: false } => "does not make spaces visible, which is not supported",
            { WhitespaceIsSuffix: true } => "puts spaces after words, which is not supported",
            _ => null,
        };
        if (refused is not null)
            throw TokenizerFault.Unsupported(file, refused);
        if (File.Exists(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, ExtraFileName)))
            throw TokenizerFault.Unsupported(file, $"{ExtraFileName} beside it is not supported");
    }

    private static Dictionary<string, int> Vocabulary(SentencePieceModel model, string file)
    {
        var vocabulary = new Dictionary<string, int>(model.Pieces.Count, StringComparer.Ordinal);
        foreach (var (id, piece) in model.Pieces.Index())
        {
            if (piece.Text.Length == 0 || !float.IsFinite(piece.Score))
                throw TokenizerFault.Damaged(file, $"piece {id} is empty, or its score is no number");
            if (piece.Text.Length > LongestPiece)
                throw TokenizerFault.Unsupported(
                    file, $"piece {id} has {piece.Text.Length} characters; at most {LongestPiece} are supported");
            if (!vocabulary.TryAdd(piece.Text, id))
                throw TokenizerFault.Damaged(file, $"the piece {Quoted.Name(piece.Text)} is there twice");
            if (piece.Type is not (PieceType.Normal or PieceType.Unknown or PieceType.Control or PieceType.Byte)
                || (piece.Type == PieceType.Byte && !ByteTokens.IsName(piece.Text)))
                throw TokenizerFault.Unsupported(
                    file, $"the piece {Quoted.Name(piece.Text)} is of type {piece.Type}, which is not supported");
        }

        return vocabulary;
    }
}
