using System.Collections.Immutable;
using System.Globalization;

namespace DemEngine.Evaluation.Language;

/// <summary>Stands for a tokenizer that cannot be read here. Data given as token ids needs none; text is refused with the reason.</summary>
/// <param name="config">Says how many ids there are.</param>
/// <param name="reason">Which file, and why it cannot be read.</param>
internal sealed class UnreadableTokenizer(LlamaConfig config, DemException reason) : ITokenizer
{
    public int VocabularySize => config.VocabularySize;

    public int? BeginOfText => config.BeginOfText;

    public int EndOfText => config.EndOfText is [int first, ..] ? first : throw Refuse();

    public ImmutableArray<int> Encode(string text) => throw Refuse();

    // Ids can still be shown.
    public string Decode(ReadOnlySpan<int> tokens) => string.Join(' ', tokens.ToArray().Select(id => id.ToString(CultureInfo.InvariantCulture)));

    private DemException Refuse() => new(reason.Code, reason.Message, reason);
}
