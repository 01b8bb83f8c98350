using System.Collections.Immutable;

namespace DemEngine.Evaluation.Language;

/// <summary>Converts text to token ids and back.</summary>
public interface ITokenizer
{
    /// <summary>Size of the vocabulary; every id is less than this.</summary>
    int VocabularySize { get; }

    /// <summary>Id that every sequence starts with; null if no such token is added.</summary>
    int? BeginOfText { get; }

    /// <summary>Id that ends a text or a completion.</summary>
    /// <exception cref="DemException">DEM2104 (NoTokenizer): the tokenizer has no such id.</exception>
    int EndOfText { get; }

    /// <summary>Encodes a text as ids, without those of its beginning and end.</summary>
    /// <exception cref="DemException">
    /// DEM2104 (NoTokenizer): the text cannot be encoded. If the tokenizer could not be read, the error of
    /// <see cref="ITokenizerReader.Read"/>.
    /// </exception>
    ImmutableArray<int> Encode(string text);

    /// <summary>Decodes ids to text. Ids that stand for no text are skipped.</summary>
    string Decode(ReadOnlySpan<int> tokens);
}
