using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace DemEngine.Files;

/// <summary>
/// JSON in which every key occurs once, and every key and string is Unicode text. The parser alone finds bytes that are no UTF-8
/// and halves of surrogate pairs only when a string is asked for, each caller at another moment.
/// </summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions OneOfEachKey = new() { AllowDuplicateProperties = false };

    /// <summary>Parses a file for reading.</summary>
    /// <param name="json">Contents of the file.</param>
    /// <exception cref="JsonException">The contents are no such JSON; the exception has the place.</exception>
    public static JsonDocument ParseDocument(ReadOnlyMemory<byte> json)
    {
        CheckText(json.Span);
        return JsonDocument.Parse(json, OneOfEachKey);
    }

    /// <summary>
    /// Parses a file whose values are to be changed. <c>Infinity</c>, which Python writes into configurations of state-space
    /// models, becomes a number of that value.
    /// </summary>
    /// <param name="json">Contents of the file.</param>
    /// <exception cref="JsonException">The contents are no such JSON; the exception has the place.</exception>
    public static JsonNode? ParseNode(ReadOnlySpan<byte> json)
    {
        byte[]? plain = json.IndexOf("Infinity"u8) >= 0 ? LenientJson.WithInfinities(json) : null;
        ReadOnlySpan<byte> read = plain ?? json;
        CheckText(read);
        return JsonNode.Parse(read, documentOptions: OneOfEachKey);
    }

    /// <summary>Checks that every key and string is Unicode text.</summary>
    /// <param name="json">Contents of the file.</param>
    /// <exception cref="JsonException">One is not, or the contents are no JSON; the exception has the place.</exception>
    public static void CheckText(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is (JsonTokenType.PropertyName or JsonTokenType.String) && !IsText(reader))
                throw NotText(json, (int)reader.TokenStartIndex);
        }
    }

    private static bool IsText(in Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Utf8.IsValid(reader.ValueSpan);
        try
        {
            // Only decoding finds half of a surrogate pair that is written as \ud800.
            _ = reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static JsonException NotText(ReadOnlySpan<byte> json, int start)
    {
        ReadOnlySpan<byte> before = json[..start];
        return new JsonException(
            "a text that is not valid Unicode begins here",
            null,
            before.Count((byte)'\n'),
            before.Length - 1 - before.LastIndexOf((byte)'\n'));
    }
}
