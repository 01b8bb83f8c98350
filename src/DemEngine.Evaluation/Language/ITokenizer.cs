using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>From text to token ids and back.</summary>
public interface ITokenizer
{
    /// <summary>Ids are less than this.</summary>
    int VocabularySize { get; }

    /// <summary>The id that every sequence starts with; null if it starts with its first token.</summary>
    int? BeginOfText { get; }

    /// <summary>The id that ends a text or a completion.</summary>
    /// <exception cref="DemException">DEM2104: it has none.</exception>
    int EndOfText { get; }

    /// <summary>The ids of a text, without those of its beginning and end.</summary>
    /// <exception cref="DemException">The tokenizer is not one that can be used here (codes of <see cref="ITokenizerReader.Read"/>), or this text cannot be encoded (DEM2104).</exception>
    ImmutableArray<int> Encode(string text);

    /// <summary>The text of ids. Ids that stand for no text give none.</summary>
    string Decode(ReadOnlySpan<int> tokens);
}
