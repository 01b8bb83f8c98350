using System.Collections.Immutable;
using System.Globalization;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// Stands in for a tokenizer that cannot be read. Data given as token ids needs none; text is refused with the reason.
/// </summary>
/// <param name="config">Configuration of the model, which gives the size of the vocabulary.</param>
/// <param name="reason">Error that names the file and says why it cannot be read.</param>
internal sealed class UnreadableTokenizer(LlamaConfig config, DemException reason) : ITokenizer
{
    public int VocabularySize => config.VocabularySize;

    public int? BeginOfText => config.BeginOfText;

    public int EndOfText => config.EndOfText is [int first, ..] ? first : throw Refuse();

    public ImmutableArray<int> Encode(string text) => throw Refuse();

    // Ids can still be shown as numbers.
    public string Decode(ReadOnlySpan<int> tokens) =>
        string.Join(' ', tokens.ToArray().Select(id => id.ToString(CultureInfo.InvariantCulture)));

    private DemException Refuse() => new(reason.Code, reason.Message, reason);
}
