using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace DemEngine.Files;

/// <summary>
/// JSON as the libraries that load models read it. Python's reader takes <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>, which
/// RFC 8259 does not have, and configurations of some models hold them.
/// </summary>
internal static class LenientJson
{
    // Python's reader ends at about a thousand.
    private const int Deepest = 1000;

    private static ReadOnlySpan<byte> NaN => "NaN"u8;

    private static ReadOnlySpan<byte> Infinity => "Infinity"u8;

    // JSON has this number, and all readers round it to infinity.
    private static ReadOnlySpan<byte> TooLarge => "1e999"u8;

    /// <summary>Writes infinities as a number that JSON has, of the same value.</summary>
    /// <param name="json">Contents of the file.</param>
    public static byte[] WithInfinities(ReadOnlySpan<byte> json) => WithNumbers(json, Infinity, TooLarge);

    /// <summary>Says why a file is no JSON by any reader, and where; null if it is.</summary>
    /// <param name="json">Contents of the file.</param>
    public static JsonException? FaultOf(ReadOnlySpan<byte> json) =>
        !Utf8.IsValid(json) ? NotText(json)
        : Read(json) is null ? null
        : Read(WithoutWords(json));

    private static JsonException NotText(ReadOnlySpan<byte> json)
    {
        int at = 0;
        while (Rune.DecodeFromUtf8(json[at..], out _, out int length) == OperationStatus.Done)
            at += length;
        ReadOnlySpan<byte> before = json[..at];
        return new JsonException(
            "the file is not UTF-8 text", path: null, before.Count((byte)'\n'), at - (before.LastIndexOf((byte)'\n') + 1));
    }

    private static JsonException? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Deepest });
            while (reader.Read())
            {
                // The reader checks each token as it comes to it.
            }

            return null;
        }
        catch (JsonException e)
        {
            return e;
        }
    }

    private static byte[] WithoutWords(ReadOnlySpan<byte> json)
    {
        byte[] plain = WithNumbers(json, NaN, "0"u8);
        return WithNumbers(plain, Infinity, TooLarge);
    }

    /// <summary>Puts a number and blanks in the place of each word that stands for a number, outside of texts.</summary>
    private static byte[] WithNumbers(ReadOnlySpan<byte> json, ReadOnlySpan<byte> word, ReadOnlySpan<byte> number)
    {
        byte[] plain = json.ToArray();
        bool isText = false;
        for (int k = 0; k < plain.Length; k++)
        {
            if (plain[k] == '"')
                isText = !isText;
            else if (isText && plain[k] == '\\')
                k++;
            else if (!isText && plain.AsSpan(k).StartsWith(word))
            {
                plain.AsSpan(k, word.Length).Fill((byte)' ');
                number.CopyTo(plain.AsSpan(k));
                k += word.Length - 1;
            }
        }

        return plain;
    }
}
