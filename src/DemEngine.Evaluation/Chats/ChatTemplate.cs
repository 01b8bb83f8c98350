using DemEngine.Evaluation.Templates;

namespace DemEngine.Evaluation.Chats;

/// <summary>
/// The template by which chats become text, as a model's folder has it (transformers' documentation, "Chat templates"). Special
/// tokens are written by the template itself.
/// </summary>
public sealed class ChatTemplate
{
    // OpenAI's chat markup, which base models without a template are usually tuned with.
    private const string ChatMarkup =
        "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private readonly Template _template;
    private readonly Template _withTools;
    private readonly IReadOnlyDictionary<string, string> _tokens;

    internal ChatTemplate(
        string name, string source, Template? withTools, IReadOnlyDictionary<string, string> tokens)
    {
        Name = name;
        Source = source;
        _template = new Template(source, name);
        _withTools = withTools ?? _template;
        _tokens = tokens;
    }

    /// <summary>Where the template comes from: its file, or <c>chatml</c>.</summary>
    public string Name { get; }

    /// <summary>Text of the template; where a model has several, of the one for chats without tools.</summary>
    public string Source { get; }

    /// <summary>Finds the template of a model.</summary>
    /// <param name="folder">
    /// The model's folder: <c>chat_template.jinja</c>, or <c>chat_template</c> in <c>tokenizer_config.json</c>.
    /// </param>
    /// <returns>The template; null if the folder has none.</returns>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): a file cannot be read. DEM2080 (BadChatTemplate): the template is not valid, or has something
    /// unsupported. DEM2105 (BadTokenizer): <c>tokenizer_config.json</c> is damaged.
    /// </exception>
    public static ChatTemplate? Of(string folder) => ChatTemplateFiles.Find(folder);

    /// <summary>Reads a template that takes the place of the model's own.</summary>
    /// <param name="file">Path of a file in Jinja, or <c>chatml</c> for OpenAI's chat markup.</param>
    /// <param name="folder">The model's folder, whose special tokens the template may write.</param>
    /// <exception cref="DemException">The errors of <see cref="Of"/>.</exception>
    public static ChatTemplate Read(string file, string folder) => file == "chatml"
        ? new ChatTemplate(file, ChatMarkup, null, ChatTemplateFiles.Tokens(folder))
        : ChatTemplateFiles.Read(file, folder);

    /// <summary>Whether the template marks what the assistant says.</summary>
    /// <param name="hasTools">Whether the chat has tools.</param>
    internal bool HasGeneration(bool hasTools) => Chosen(hasTools).HasGeneration;

    /// <summary>Writes a chat as text.</summary>
    /// <param name="messages">Messages, each a mapping with a role and a content.</param>
    /// <param name="tools">Tools that the assistant may call, a list; null for none.</param>
    /// <param name="prompts">Whether the start of the assistant's next turn is written behind.</param>
    /// <exception cref="DemException">
    /// DEM2080, DEM2081 (BadChatTemplate, ChatRefused): the template does not take the chat.
    /// </exception>
    internal TemplateWriter Render(IEnumerable<object?> messages, object? tools, bool prompts)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = new List<object?>(messages),
            ["tools"] = tools,
            ["documents"] = null,
            ["add_generation_prompt"] = prompts,
        };
        foreach (var (name, token) in _tokens)
            values[name] = token;
        return Chosen(tools is not null).Render(values);
    }

    private Template Chosen(bool hasTools) => hasTools ? _withTools : _template;
}
