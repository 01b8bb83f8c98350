using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DemEngine.Files;

/// <summary>JSON files as people read them: indented by two spaces, with a line end at the end.</summary>
internal static class IndentedJson
{
    /// <summary>The file's contents.</summary>
    /// <param name="root">The value.</param>
    /// <param name="encoder">Which characters are escaped; null for the default, all but printable ASCII.</param>
    public static byte[] Write(JsonNode root, JavaScriptEncoder? encoder = null)
    {
        using var contents = new MemoryStream();
        using (var writer = new Utf8JsonWriter(contents, new JsonWriterOptions { Indented = true, Encoder = encoder }))
            root.WriteTo(writer);
        contents.WriteByte((byte)'\n');
        return contents.ToArray();
    }
}
