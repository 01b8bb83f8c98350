using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;
using DemEngine.Files;

namespace DemEngine.Evaluation.Tokenization.Json;

/// <summary>An object in a tokenizer's JSON, which is read strictly. Errors name the file and the object's path in it.</summary>
/// <param name="File">Path of the file, named in errors.</param>
/// <param name="Place">Path of the object within the file, such as <c>pre_tokenizer</c>, named in errors.</param>
/// <param name="Element">JSON object to read.</param>
internal readonly record struct TokenizerNode(string File, string Place, JsonElement Element)
{
    /// <summary>Reads a file that consists of one object.</summary>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): the file cannot be read. DEM2105 (BadTokenizer): it is not valid JSON. Also whatever
    /// <paramref name="read"/> throws.
    /// </exception>
    public static T Read<T>(string file, Func<TokenizerNode, T> read)
    {
        byte[] json = TokenizerBytes.Read(file);
        try
        {
            using var document = StrictJson.ParseDocument(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(new TokenizerNode(file, "it", document.RootElement))
                : throw TokenizerFault.Damaged(file, "not a JSON object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw TokenizerFault.Damaged(file, $"not valid JSON: {JsonFault.Describe(e)}", e);
        }
    }

    /// <summary>Type of the step that the object describes; empty if it does not say.</summary>
    public string Type => Text("type") ?? "";

    /// <summary>Finds the value of a key; null if it is absent or JSON's null.</summary>
    public JsonElement? Find(string key) =>
        Element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => throw Bad($"\"{key}\" is not a string"),
    };

    public bool Flag(string key, bool otherwise = false) => Find(key) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Bad($"\"{key}\" is not true or false"),
    };

    public TokenizerNode? Object(string key) => Find(key) is { } value ? At(key, value) : null;

    /// <summary>Enumerates the objects in a list; none if the list is absent.</summary>
    public IEnumerable<TokenizerNode> Objects(string key)
    {
        int index = 0;
        foreach (JsonElement item in List(key))
            yield return At($"{key}[{index++}]", item);
    }

    public IEnumerable<JsonElement> List(string key) => Find(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray(),
        _ => throw Bad($"\"{key}\" is not a list"),
    };

    public int Id(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0
            ? id
            : throw Bad($"{Quoted.Name(key)} has {Quoted.Name(value.ToString())}, which is no token id");

    /// <summary>Refuses all keys but these, <c>type</c>, and those whose value is null.</summary>
    /// <exception cref="DemException">DEM2104 (NoTokenizer): there is another key.</exception>
    public TokenizerNode Only(params ReadOnlySpan<string> keys)
    {
        foreach (JsonProperty property in Element.EnumerateObject())
        {
            if (property.Name != "type" && !keys.Contains(property.Name) && property.Value.ValueKind != JsonValueKind.Null)
                throw Unsupported($"has {Quoted.Name(property.Name)}, which is not supported");
        }

        return this;
    }

    public DemException Bad(string what) => TokenizerFault.Damaged(File, $"{Place}: {what}");

    public DemException Unsupported(string what) => TokenizerFault.Unsupported(File, $"{Place} {what}");

    private TokenizerNode At(string key, JsonElement value)
    {
        string place = Place == "it" ? key : $"{Place}.{key}";
        return value.ValueKind == JsonValueKind.Object
            ? new TokenizerNode(File, place, value)
            : throw TokenizerFault.Damaged(File, $"{place} is not an object");
    }
}
