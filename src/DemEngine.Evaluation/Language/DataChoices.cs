using DemEngine.Evaluation.Chats;

namespace DemEngine.Evaluation.Language;

/// <summary>What is chosen about data files, where it does not follow from the files and the model.</summary>
public sealed record DataChoices
{
    /// <summary>Nothing is chosen.</summary>
    public static DataChoices None { get; } = new();

    /// <summary>Form of all rows; null to recognise each by its keys.</summary>
    public DataForm? Form { get; init; }

    /// <summary>
    /// Path of the template by which chats become text, or <c>chatml</c> for OpenAI's chat markup; null for the model's own.
    /// </summary>
    public string? ChatTemplate { get; init; }

    /// <summary>
    /// Number of tokens, at least 2, to which longer sequences are cut; null to refuse what is longer than the model takes.
    /// </summary>
    public int? MaxLength { get; init; }

    /// <summary>Makes what data for a model are read with. A template is only read once there is a chat.</summary>
    /// <param name="folder">Folder of the model, where its chat template lies.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="config">Configuration of the model.</param>
    public DataReading For(string folder, ITokenizer tokenizer, LlamaConfig config) => new(tokenizer, config)
    {
        Chats = new Lazy<ChatTemplate?>(() => ChatTemplate is { } file
            ? Evaluation.Chats.ChatTemplate.Read(file, folder)
            : Evaluation.Chats.ChatTemplate.Of(folder)),
        Form = Form,
        MaxLength = MaxLength,
    };
}
