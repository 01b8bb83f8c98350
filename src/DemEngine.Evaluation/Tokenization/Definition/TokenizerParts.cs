using System.Collections.Immutable;

namespace DemEngine.Evaluation.Tokenization.Definition;

/// <summary>The complete definition of a tokenizer, from all of its files.</summary>
internal sealed record TokenizerParts
{
    /// <summary>Name of the file beside a tokenizer that says which tokens begin and end a text.</summary>
    public const string ConfigFileName = "tokenizer_config.json";

    /// <summary>Path of the tokenizer's file, named in errors.</summary>
    public required string File { get; init; }

    /// <summary>Vocabulary from token to id, in the spelling that <see cref="PreTokenize"/> gives.</summary>
    public required Dictionary<string, int> Vocabulary { get; init; }

    /// <summary>Merges in order of priority, the first to be done first.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    /// <summary>Whether a piece that is itself a token is taken whole, whatever the merges would make of it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Spelling of bytes in the vocabulary.</summary>
    public required Spelling Spelling { get; init; }

    /// <summary>Tokens that are found in the text before it is pre-tokenised.</summary>
    public ImmutableArray<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Function that normalises a stretch of text between added tokens.</summary>
    public Func<string, string> Normalize { get; init; } = text => text;

    /// <summary>Function that splits normalised text into the pieces that merges stay within.</summary>
    public required PreTokenization PreTokenize { get; init; }

    /// <summary>Whether encoding puts a space before the text, which decoding removes.</summary>
    public bool PrefixesSpace { get; init; }

    /// <summary>Id that every sequence starts with; null if no such token is added.</summary>
    public int? BeginOfText { get; init; }

    /// <summary>Id that ends a text; null if the tokenizer's files do not say.</summary>
    public int? EndOfText { get; init; }
}

/// <summary>Splits text into pieces.</summary>
/// <param name="text">Stretch of normalised text between added tokens.</param>
/// <param name="beginsText">Whether the stretch is at the start of the whole text.</param>
internal delegate IEnumerable<string> PreTokenization(string text, bool beginsText);

/// <summary>Spelling of bytes in a vocabulary.</summary>
internal enum Spelling
{
    /// <summary>Every byte is one printable character.</summary>
    ByteLevel,

    /// <summary>
    /// Characters stand for themselves and spaces are ▁. Characters without a token are spelt <c>&lt;0x00&gt;</c> to
    /// <c>&lt;0xFF&gt;</c>, byte by byte.
    /// </summary>
    ByteFallback,
}
