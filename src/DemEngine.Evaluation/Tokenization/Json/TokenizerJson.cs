using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.Json;

/// <summary>
/// Reads <c>tokenizer.json</c> of Hugging Face's tokenizers (https://huggingface.co/docs/tokenizers/pipeline): a BPE model over
/// bytes, as in GPT-2, Llama 3 and Qwen, or over characters with bytes as a fallback, as in Llama 2. Truncation and padding
/// concern batches rather than text and are ignored; decoding follows from the model.
/// </summary>
internal static class TokenizerJson
{
    /// <exception cref="DemException">
    /// DEM2023, DEM2104, DEM2105 (BadSideFile, NoTokenizer, BadTokenizer): the file cannot be read, has something unsupported, or
    /// is damaged.
    /// </exception>
    public static TokenizerParts Read(string file, TokenizerConfig settings) =>
        TokenizerNode.Read(file, root => Parse(root, settings));

    private static TokenizerParts Parse(TokenizerNode root, TokenizerConfig settings)
    {
        root.Only(
            "version",
            "truncation",
            "padding",
            "added_tokens",
            "normalizer",
            "pre_tokenizer",
            "post_processor",
            "decoder",
            "model");
        TokenizerNode node = root.Object("model") ?? throw root.Bad("there is no model");
        var model = BytePairJson.Read(node);
        var normalizer = NormalizerJson.Read(root.Object("normalizer"));
        var cutting = PreTokenizerJson.Read(root.Object("pre_tokenizer"));
        if (cutting.IsByteLevel && model.ByteFallback)
            throw root.Unsupported(
                "has a pre-tokenizer over bytes and a model that falls back on bytes; only one of these is supported");
        if (!cutting.IsByteLevel && !model.ByteFallback)
            throw root.Unsupported("is BPE without a ByteLevel pre-tokenizer or byte_fallback, which is not supported");

        ImmutableArray<AddedToken> own =
        [
            .. root.Objects("added_tokens").Select(token =>
                AddedTokenJson.Read(token, token.Id("id", token.Find("id") ?? throw token.Bad("an added token without an id")))),
        ];
        if (own.CountBy(token => token.Content).FirstOrDefault(count => count.Value > 1).Key is { } twice)
            throw root.Bad($"the added token {Quoted.Name(twice)} is given twice");

        // The settings may name further tokens, which were added after the tokenizer was made.
        ImmutableArray<AddedToken> added =
            [.. own, .. settings.AddedTokens.ExceptBy(own.Select(token => token.Content), token => token.Content)];

        int? Find(string? token, string key) => token is null
            ? null
            : added.FirstOrDefault(other => other.Content == token)?.Id
                ?? (model.Vocabulary.TryGetValue(token, out int id) ? (int?)id : null)
                ?? throw TokenizerFault.Damaged(
                    root.File, $"{TokenizerConfig.FileName} gives {key} {Quoted.Name(token)}, which is not a token here");

        int? end = Find(settings.EndOfText, "eos_token");
        return new TokenizerParts
        {
            File = root.File,
            Vocabulary = model.Vocabulary,
            Merges = model.Merges,
            IgnoreMerges = model.IgnoreMerges,
            Spelling = cutting.IsByteLevel ? Spelling.ByteLevel : Spelling.ByteFallback,
            AddedTokens = added,
            Normalize = normalizer.Apply,
            PreTokenize = cutting.Split,
            PrefixesSpace = normalizer.PrefixesSpace || cutting.PrefixesSpace,
            BeginOfText = settings.AddBeginOfText switch
            {
                null => PostProcessorJson.BeginOfText(root.Object("post_processor"), end),
                false => null,
                true => Find(settings.BeginOfText, "bos_token")
                    ?? throw TokenizerFault.Damaged(
                        root.File, $"{TokenizerConfig.FileName} says add_bos_token, and gives no bos_token"),
            },
            EndOfText = end,
        };
    }
}
