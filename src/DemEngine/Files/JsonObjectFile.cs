using System.Text.Json;
using System.Text.Json.Nodes;

namespace DemEngine.Files;

/// <summary>Reads JSON files that only say more of a model, so that a damaged one is not this reader's to refuse.</summary>
internal static class JsonObjectFile
{
    /// <summary>Parses a JSON object; null where the contents are something else.</summary>
    /// <param name="contents">Contents of the file.</param>
    public static JsonObject? TryParse(byte[] contents)
    {
        try
        {
            return StrictJson.ParseNode(contents) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
