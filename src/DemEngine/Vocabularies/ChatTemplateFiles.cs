using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DemEngine.Vocabularies;

/// <summary>
/// Finds and sets the chat template among a model's side files: in <c>chat_template.jinja</c>, which wins, in
/// <c>tokenizer_config.json</c>, as a text or as one of several named ones, or in <c>chat_template.json</c> of a processor.
/// </summary>
internal static class ChatTemplateFiles
{
    private const string JinjaFile = "chat_template.jinja";
    private const string ProcessorFile = "chat_template.json";
    private const string Key = "chat_template";
    private const string DefaultName = "default";

    private static readonly string[] JsonFiles = [TokenizerSettings.FileName, ProcessorFile];

    /// <summary>Returns the default chat template without white space around it; null if there is none.</summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="owner">Name of the model that the files come from, for messages.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file with settings is not a JSON object.</exception>
    public static string? Find(IReadOnlyDictionary<string, byte[]> files, string owner)
    {
        string? found = files.TryGetValue(JinjaFile, out byte[]? jinja)
            ? Encoding.UTF8.GetString(jinja)
            : JsonFiles.Select(name => DefaultOf(TokenizerSettings.Parse(files, name, owner)?[Key]))
                .FirstOrDefault(text => text is not null);
        return string.IsNullOrWhiteSpace(found) ? null : found.Trim();
    }

    /// <summary>
    /// Sets the chat template in every file that has one or should have one, in place of all that were there.
    /// </summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="template">Text of the template.</param>
    /// <param name="owner">Name of the model that the files come from, for messages.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file with settings is not a JSON object.</exception>
    public static void Set(Dictionary<string, byte[]> files, string template, string owner)
    {
        foreach (string name in JsonFiles)
        {
            if (TokenizerSettings.Parse(files, name, owner) is not { } settings)
                continue;
            settings[Key] = template;
            files[name] = TokenizerSettings.ToJson(settings);
        }

        if (files.ContainsKey(JinjaFile) || !files.ContainsKey(TokenizerSettings.FileName))
            files[JinjaFile] = Encoding.UTF8.GetBytes(template);
    }

    private static string? DefaultOf(JsonNode? node) => node switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonArray named => named.OfType<JsonObject>()
            .Where(one => DefaultOf(one["name"]) == DefaultName)
            .Select(one => DefaultOf(one["template"]))
            .FirstOrDefault(),
        _ => null,
    };
}
