using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DemEngine.Answers;

/// <summary>The form of all JSON that programs get: by the command line, and by the library for other languages.</summary>
internal static class JsonAnswer
{
    /// <summary>Version of the form; it changes when a member gets another meaning or goes.</summary>
    public const int Schema = 1;

    /// <summary>
    /// How answers are written: they are for people too, who read + and · better than \u002B and \u00B7. Control characters are
    /// escaped all the same.
    /// </summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes an answer.</summary>
    /// <param name="members">Its members, without that of the form's version.</param>
    /// <returns>One line of JSON.</returns>
    public static string Write(JsonObject members)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schema", Schema);
            foreach (var (name, value) in members)
            {
                writer.WritePropertyName(name);
                if (value is null)
                    writer.WriteNullValue();
                else
                    value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
