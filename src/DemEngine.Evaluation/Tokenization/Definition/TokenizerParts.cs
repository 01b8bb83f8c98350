using System.Collections.Immutable;

namespace DemEngine.Evaluation.Tokenization.Definition;

/// <summary>All that a tokenizer's files say.</summary>
internal sealed record TokenizerParts
{
    /// <summary>The file beside a tokenizer that says which tokens begin and end a text.</summary>
    public const string ConfigFileName = "tokenizer_config.json";

    /// <summary>Named in errors.</summary>
    public required string File { get; init; }

    /// <summary>Token to id, in the spelling that <see cref="PreTokenize"/> gives.</summary>
    public required Dictionary<string, int> Vocabulary { get; init; }

    /// <summary>What is joined, the first of them first.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    /// <summary>Whether a piece that is a token itself is taken as it is, however the merges would build it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>How bytes are spelt.</summary>
    public required Spelling Spelling { get; init; }

    /// <summary>Found in the text before anything else looks at it.</summary>
    public ImmutableArray<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>From a stretch of text between added tokens to normalised text.</summary>
    public Func<string, string> Normalize { get; init; } = text => text;

    /// <summary>From normalised text to the pieces that merges stay within.</summary>
    public required PreTokenization PreTokenize { get; init; }

    /// <summary>Whether text gets a space before it, which decoding takes away.</summary>
    public bool PrefixesSpace { get; init; }

    /// <summary>The id that every sequence starts with.</summary>
    public int? BeginOfText { get; init; }

    /// <summary>The id that ends a text; null if the files do not say.</summary>
    public int? EndOfText { get; init; }
}

/// <summary>Cuts text into pieces.</summary>
/// <param name="text">A stretch of it.</param>
/// <param name="beginsText">Whether the whole text starts here.</param>
internal delegate IEnumerable<string> PreTokenization(string text, bool beginsText);

/// <summary>How a vocabulary spells bytes.</summary>
internal enum Spelling
{
    /// <summary>Every byte is one printable character.</summary>
    ByteLevel,

    /// <summary>Characters are themselves, spaces are ▁; what has no token is <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, byte by byte.</summary>
    ByteFallback,
}
