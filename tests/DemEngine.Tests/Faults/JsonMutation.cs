using System.Text;
using System.Text.Json;

namespace DemEngine.Tests.Faults;

/// <summary>
/// Changes what valid JSON says and leaves it valid, so that it comes past the parser to what reads the values: extremes, values
/// of other kinds, keys that are missing, doubled or exchanged, depth, length. Lines of JSON are taken as well.
/// </summary>
internal sealed class JsonMutation(int seed)
{
    private static readonly string[] Texts =
    [
        "", " ", "0", "-1", "NaN", "Infinity", "é😀", "\\u0000", "\\u001b[31m\\r\\n\\u0085\\u202e", "\\ud800", "\\ufeff", "..", "../x", "/", "a/b\\\\c", "C:x", "(a+)+$", "{{ x }}", "*",
        "9999-12-31T23:59:59Z", new('x', 300), new('x', 70_000),
    ];

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-0", "1", "2", "3", "-1", "0.5", "-0.0", "1e-320", "1e308", "1e400", "-1e400", "255", "256", "32768", "65536", "16777217",
        "2147483647", "-2147483648", "2147483648", "4294967295", "4294967296", "9007199254740993", "4611686018427387904", "9223372036854775807",
        "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616", "170141183460469231731687303715884105728",
        "[]", "{}", "[null]", "[[]]", "[{}]", "{\"\": null}", "{\"a\": 1}", "[\"a\", 1, null]",
        Nested("[", "]", 40), Nested("[", "]", 70), Nested("[", "]", 3000), Nested("{\"a\":", "}", 3000, "1"), Long("0"), Long("\"a\""), Long("[]"),
        new('9', 400), $"0.{new string('1', 400)}", $"1{new string('0', 20_000)}",
    ];

    private readonly Random _random = new(seed);

    /// <summary>Whether a file is JSON, or lines of it.</summary>
    public static bool Fits(byte[] file)
    {
        try
        {
            return Parts(file).Count > 1;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The file with one to three changes.</summary>
    public byte[] Spoil(byte[] file)
    {
        byte[] spoilt = Change(file, Parts(file));
        for (int changes = _random.Next(3); changes > 0 && Fits(spoilt); changes--)
            spoilt = Change(spoilt, Parts(spoilt));
        return spoilt;
    }

    private static string Nested(string open, string close, int depth, string inner = "") =>
        string.Concat(Enumerable.Repeat(open, depth)) + inner + string.Concat(Enumerable.Repeat(close, depth));

    private static string Long(string item) => $"[{string.Join(',', Enumerable.Repeat(item, 5000))}]";

    private byte[] Change(byte[] file, List<Part> parts)
    {
        Part part = Any(parts), other = Any(parts);
        string Text(Part of) => Encoding.UTF8.GetString(file[of.Start..of.End]);
        switch (_random.Next(9))
        {
            case 0:
                return Replace(file, part, Text(other));
            case 1 when part.Name is not null:
                return Rename(file, part, Text(other));
            case 2:
                return Remove(file, part);
            case 3 when part.IsInside:
                return Replace(file, part, $"{Text(part)}, {Name(file, other)}{(_random.Next(2) == 0 ? Text(part) : Text(other))}");
            case 4:
                return Replace(file, part, _random.Next(2) == 0 ? $"[{Text(part)}]" : $"{{\"a\": {Text(part)}}}");
            case 5 when part.IsInside && part.Name is null:
                return Replace(file, part, string.Join(',', Enumerable.Repeat(Text(part), 1 + _random.Next(1 + (5000 / (part.End - part.Start))))));
            default:
                return Replace(file, part, _random.Next(3) == 0 ? AnyText() : Values[_random.Next(Values.Length)]);
        }
    }

    private string AnyText() => $"\"{Texts[_random.Next(Texts.Length)]}\"";

    private Part Any(List<Part> parts) => parts[_random.Next(parts.Count)];

    private static string Name(byte[] file, Part part) => part.Name is { } name ? $"{Encoding.UTF8.GetString(file[name])}: " : "";

    private static byte[] Replace(byte[] file, Part part, string text) => [.. file[..part.Start], .. Encoding.UTF8.GetBytes(text), .. file[part.End..]];

    private byte[] Rename(byte[] file, Part part, string text)
    {
        string name = text.StartsWith('"') ? text : AnyText();
        return [.. file[..part.Name!.Value.Start], .. Encoding.UTF8.GetBytes(name), .. file[part.Name.Value.End..]];
    }

    // The comma before or behind goes too.
    private static byte[] Remove(byte[] file, Part part)
    {
        int start = part.Name?.Start.Value ?? part.Start, end = part.End;
        while (end < file.Length && file[end] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            end++;
        if (end < file.Length && file[end] == ',')
            return [.. file[..start], .. file[(end + 1)..]];
        int before = start - 1;
        while (before >= 0 && file[before] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            before--;
        return [.. file[..(before >= 0 && file[before] == ',' ? before : start)], .. file[part.End..]];
    }

    private static List<Part> Parts(byte[] file)
    {
        var reader = new Utf8JsonReader(file, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = 64 });
        var parts = new List<Part>();
        var open = new Stack<(int Start, Range? Name)>();
        Range? name = null;
        while (reader.Read())
        {
            int start = (int)reader.TokenStartIndex, end = (int)reader.BytesConsumed;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = start..(start + reader.ValueSpan.Length + 2);
                    continue;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    open.Push((start, name));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    (int first, Range? of) = open.Pop();
                    parts.Add(new Part(first, end, of, open.Count > 0));
                    break;
                default:
                    parts.Add(new Part(start, end, name, open.Count > 0));
                    break;
            }

            name = null;
        }

        return parts;
    }

    /// <summary>A value.</summary>
    /// <param name="Start">Where it starts.</param>
    /// <param name="End">Where it ends.</param>
    /// <param name="Name">Where its key stands; null where it has none.</param>
    /// <param name="IsInside">Whether it is in an object or an array.</param>
    private readonly record struct Part(int Start, int End, Range? Name, bool IsInside);
}
