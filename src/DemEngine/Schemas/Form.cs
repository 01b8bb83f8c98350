using System.Text.Json.Nodes;

namespace DemEngine.Schemas;

/// <summary>
/// Pieces of a JSON Schema (draft 2020-12, https://json-schema.org/draft/2020-12). Each call makes a new one, since a node
/// belongs to one place of a document.
/// </summary>
internal static class Form
{
    /// <summary>A text that is not empty.</summary>
    public static JsonObject Text() => new() { ["type"] = "string", ["minLength"] = 1 };

    /// <summary>A number.</summary>
    public static JsonObject Number() => new() { ["type"] = "number" };

    /// <summary>A whole number of at least some.</summary>
    public static JsonObject Count(int least) => new() { ["type"] = "integer", ["minimum"] = least };

    /// <summary>Nothing.</summary>
    public static JsonObject Nothing() => new() { ["type"] = "null" };

    /// <summary>One of several values.</summary>
    public static JsonObject Words(params IEnumerable<JsonNode?> words) => new() { ["enum"] = new JsonArray([.. words]) };

    /// <summary>What one of several forms allows.</summary>
    public static JsonObject Any(params JsonObject[] forms) => new() { ["anyOf"] = new JsonArray([.. forms]) };

    /// <summary>What a form allows, or nothing.</summary>
    public static JsonObject Optional(JsonObject form) => Any(form, Nothing());

    /// <summary>A list.</summary>
    public static JsonObject List(JsonObject item, int least) => new()
    {
        ["type"] = "array",
        ["items"] = item,
        ["minItems"] = least,
    };

    /// <summary>A form that stands elsewhere in the document.</summary>
    public static JsonObject Ref(string name) => new() { ["$ref"] = $"#/$defs/{name}" };

    /// <summary>A mapping with any keys, whose values have one form.</summary>
    public static JsonObject MapOf(JsonObject value) => new() { ["type"] = "object", ["additionalProperties"] = value };

    /// <summary>A mapping with the keys that the reader of recipes takes there.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="form">The form of the value of each; null for a key that has none.</param>
    /// <param name="required">Keys that must be given.</param>
    /// <exception cref="InvalidOperationException">A key has no form: it was added to the reader and not here.</exception>
    public static JsonObject Map(IEnumerable<string> keys, Func<string, JsonObject?> form, params string[] required)
    {
        var properties = new JsonObject();
        foreach (string key in keys)
            properties[key] = form(key) ?? throw new InvalidOperationException($"the schema has no form for the key {key}");
        var map = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Length > 0)
            map["required"] = new JsonArray([.. required.Select(key => (JsonNode)key)]);
        return map;
    }

    /// <summary>Adds a constraint: exactly one of several keys is given.</summary>
    public static JsonObject OneOf(this JsonObject map, params string[] keys)
    {
        map["oneOf"] = new JsonArray([.. keys.Select(key => new JsonObject { ["required"] = new JsonArray(key) })]);
        return map;
    }

    /// <summary>Adds what editors show of a form.</summary>
    public static JsonObject Says(this JsonObject form, string description)
    {
        form["description"] = description;
        return form;
    }
}
