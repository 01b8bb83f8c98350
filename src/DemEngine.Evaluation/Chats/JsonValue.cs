using System.Text.Json;
using DemEngine.Evaluation.Templates;

namespace DemEngine.Evaluation.Chats;

/// <summary>Values of JSON as those of a template.</summary>
internal static class JsonValue
{
    /// <summary>Converts a value, and all that is in it.</summary>
    public static object? Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out long whole) ? (object)whole : element.GetDouble(),
        JsonValueKind.Array => new List<object?>(element.EnumerateArray().Select(Of)),
        JsonValueKind.Object => Mapping(element),
        _ => null,
    };

    private static Mapping Mapping(JsonElement element)
    {
        var mapping = new Mapping();
        foreach (JsonProperty property in element.EnumerateObject())
            mapping[property.Name] = Of(property.Value);
        return mapping;
    }
}
