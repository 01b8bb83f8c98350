using System.Text;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Evaluation.Templates;
using DemEngine.Files;

namespace DemEngine.Evaluation.Chats;

/// <summary>
/// The files of a model that have its chat template and its special tokens. A file of its own comes before the key in
/// <c>tokenizer_config.json</c>, as in transformers.
/// </summary>
internal static class ChatTemplateFiles
{
    private const string Own = "chat_template.jinja";
    private const string Settings = "tokenizer_config.json";
    private const string Key = "chat_template";

    private static readonly string[] TokenNames =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    public static ChatTemplate? Find(string folder)
    {
        string own = Path.Combine(folder, Own);
        if (File.Exists(own))
            return Read(own, folder);
        string settings = Path.Combine(folder, Settings);
        if (!File.Exists(settings))
            return null;
        using JsonDocument document = Parse(settings);
        if (!document.RootElement.TryGetProperty(Key, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.String => new ChatTemplate(settings, value.GetString()!, null, Tokens(folder)),
            JsonValueKind.Array => OfSeveral(value, settings, folder),
            _ => throw Damaged(settings, $"\"{Key}\" is neither a text nor a list of named ones"),
        };
    }

    public static ChatTemplate Read(string file, string folder) =>
        new(file, Encoding.UTF8.GetString(ReadBytes(file)), null, Tokens(folder));

    /// <summary>The special tokens that a model's files name, such as <c>bos_token</c>.</summary>
    public static IReadOnlyDictionary<string, string> Tokens(string folder)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in new[] { Settings, "special_tokens_map.json" })
        {
            string file = Path.Combine(folder, name);
            if (!File.Exists(file))
                continue;
            using JsonDocument document = Parse(file);
            foreach (string token in TokenNames)
            {
                if (document.RootElement.TryGetProperty(token, out JsonElement value) && TextOf(value) is { } text)
                    tokens.TryAdd(token, text);
            }
        }

        return tokens;
    }

    // A token is given as its text, or as an object that has its text.
    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Object when value.TryGetProperty("content", out JsonElement content)
            && content.ValueKind == JsonValueKind.String => content.GetString(),
        _ => null,
    };

    private static ChatTemplate OfSeveral(JsonElement list, string file, string folder)
    {
        var byName = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object
                || !item.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String
                || !item.TryGetProperty("template", out JsonElement template) || template.ValueKind != JsonValueKind.String)
                throw Damaged(file, $"\"{Key}\" has an item without name and template");
            byName[name.GetString()!] = template;
        }

        if (!byName.TryGetValue("default", out JsonElement plain))
            throw new DemException(
                ErrorCode.BadChatTemplate,
                $"{file}: \"{Key}\" has {Quoted.List(byName.Keys)}, and none that is named \"default\"")
            {
                Path = file,
            };
        Template? withTools = byName.TryGetValue("tool_use", out JsonElement other)
            ? new Template(other.GetString()!, $"{file}, tool_use")
            : null;
        return new ChatTemplate(file, plain.GetString()!, withTools, Tokens(folder));
    }

    private static JsonDocument Parse(string file)
    {
        try
        {
            JsonDocument document = StrictJson.ParseDocument(ReadBytes(file));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
            throw Damaged(file, "not a JSON object");
        }
        catch (JsonException e)
        {
            throw Damaged(file, $"not valid JSON: {JsonFault.Describe(e)}", e);
        }
    }

    private static byte[] ReadBytes(string file)
    {
        try
        {
            if (LinuxFile.IsSpecial(file))
                throw new IOException("this is a pipe, a socket or a device, and no file");
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{file}: {FileFault.Describe(e)}", e) { Path = file };
        }
    }

    private static DemException Damaged(string file, string what, Exception? inner = null) =>
        new(ErrorCode.BadTokenizer, $"{file}: {what}", inner) { Path = file };
}
