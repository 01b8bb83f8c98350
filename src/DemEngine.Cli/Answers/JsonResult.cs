using System.Text;
using System.Text.Json;
using DemEngine.Answers;

namespace DemEngine.Cli.Answers;

/// <summary>
/// The one JSON object of <c>--json</c>. Commands print theirs on standard output, which is held back until the end, so that an
/// error after it becomes a part of it.
/// </summary>
internal static class JsonResult
{
    /// <summary>Writes the object.</summary>
    /// <param name="output">Standard output.</param>
    /// <param name="printed">What the command printed: a JSON object, another text such as help, or nothing.</param>
    /// <param name="error">The error that ended the command; null for none.</param>
    public static void Write(TextWriter output, string printed, ErrorAnswer? error)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, JsonAnswer.Options))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schema", JsonAnswer.Schema);
            if (printed.StartsWith('{'))
                CopyMembers(Encoding.UTF8.GetBytes(printed), writer);
            else if (!string.IsNullOrWhiteSpace(printed))
                writer.WriteString("text", printed);
            if (error is not null)
            {
                writer.WritePropertyName("error");
                error.ToJson().WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        output.Flush();
    }

    private static void CopyMembers(byte[] json, Utf8JsonWriter writer)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            bool isOuter = reader.CurrentDepth == 0;
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject when !isOuter:
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject when !isOuter:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    writer.WritePropertyName(reader.GetString()!);
                    break;
                case JsonTokenType.String:
                    writer.WriteStringValue(reader.GetString());
                    break;
                case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null:
                    writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                    break;
                default:
                    break;
            }
        }
    }
}
