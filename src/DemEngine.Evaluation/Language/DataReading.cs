using DemEngine.Evaluation.Chats;

namespace DemEngine.Evaluation.Language;

/// <summary>What the rows of a data file are read with.</summary>
/// <param name="Tokenizer">Tokenizer of the model.</param>
/// <param name="Config">Configuration of the model, which bounds token ids and sequence lengths.</param>
public sealed record DataReading(ITokenizer Tokenizer, LlamaConfig Config)
{
    /// <summary>
    /// Template by which chats become text, which is not read before there is a chat; its value is null if there is none.
    /// </summary>
    public Lazy<ChatTemplate?> Chats { get; init; } = new((ChatTemplate?)null);

    /// <summary>Form of all rows; null to recognise each by its keys.</summary>
    public DataForm? Form { get; init; }

    /// <summary>
    /// Number of tokens, at least 2, to which longer sequences are cut; null to refuse what is longer than the model takes.
    /// </summary>
    public int? MaxLength { get; init; }
}
