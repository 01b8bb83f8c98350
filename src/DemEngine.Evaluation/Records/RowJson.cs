using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace DemEngine.Evaluation.Records;

/// <summary>Writes a row of a column format as JSON.</summary>
internal static class RowJson
{
    /// <summary>Writes a row.</summary>
    /// <param name="columns">Names and values of the columns.</param>
    public static byte[] Of(IEnumerable<KeyValuePair<string, object?>> columns)
    {
        using var row = new MemoryStream();
        using (var json = new Utf8JsonWriter(row))
            Write(json, columns);
        return row.ToArray();
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>> columns)
    {
        json.WriteStartObject();
        foreach (var (name, value) in columns)
        {
            json.WritePropertyName(name);
            Write(json, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case float number when float.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case double or float:
                json.WriteNullValue();
                break;
            case ulong number:
                json.WriteNumberValue(number);
                break;
            case sbyte or byte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case IEnumerable<KeyValuePair<string, object?>> columns:
                Write(json, columns);
                break;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes);
                break;
            case IEnumerable items:
                json.WriteStartArray();
                foreach (object? item in items)
                    Write(json, item);
                json.WriteEndArray();
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
