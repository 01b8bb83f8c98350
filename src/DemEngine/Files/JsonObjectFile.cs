using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Errors;

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

    /// <summary>Says where contents are no JSON, and why; null where they are.</summary>
    /// <param name="contents">Contents of the file.</param>
    public static string? FaultOf(byte[] contents)
    {
        try
        {
            _ = StrictJson.ParseNode(contents);
            return null;
        }
        catch (JsonException e)
        {
            return JsonFault.Describe(e);
        }
    }
}
