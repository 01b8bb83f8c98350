using System.Text;

namespace DemEngine.Evaluation.Templates;

/// <summary>The methods of texts, as Python has them.</summary>
internal static class TextMethods
{
    private static readonly Dictionary<string, Func<string, Arguments, object?>> ByName = new(StringComparer.Ordinal)
    {
        ["strip"] = (text, call) => Strip(text, call, atStart: true, atEnd: true),
        ["lstrip"] = (text, call) => Strip(text, call, atStart: true, atEnd: false),
        ["rstrip"] = (text, call) => Strip(text, call, atStart: false, atEnd: true),
        ["upper"] = (text, _) => text.ToUpperInvariant(),
        ["lower"] = (text, _) => text.ToLowerInvariant(),
        ["title"] = (text, _) => Title(text),
        ["capitalize"] = (text, _) => Capitalize(text),
        ["startswith"] = (text, call) => Any(call, part => text.StartsWith(part, StringComparison.Ordinal)),
        ["endswith"] = (text, call) => Any(call, part => text.EndsWith(part, StringComparison.Ordinal)),
        ["split"] = (text, call) => Split(text, call, fromEnd: false),
        ["rsplit"] = (text, call) => Split(text, call, fromEnd: true),
        ["splitlines"] = (text, _) => Lines(text),
        ["replace"] = Replace,
        ["find"] = (text, call) => Find(text, call, fromEnd: false),
        ["rfind"] = (text, call) => Find(text, call, fromEnd: true),
        ["count"] = Count,
        ["join"] = (text, call) =>
            string.Join(text, call.Items(call.Take("items")[0], "what is joined").Select(item => call.Text(item, "an item"))),
        ["removeprefix"] = (text, call) =>
            call.Text(call.Take("prefix")[0], "the prefix") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal)
                ? text[prefix.Length..]
                : text,
        ["removesuffix"] = (text, call) =>
            call.Text(call.Take("suffix")[0], "the suffix") is var suffix && text.EndsWith(suffix, StringComparison.Ordinal)
                ? text[..^suffix.Length]
                : text,
        ["isdigit"] = (text, _) => text.Length > 0 && text.All(char.IsDigit),
        ["isalpha"] = (text, _) => text.Length > 0 && text.All(char.IsLetter),
        ["isalnum"] = (text, _) => text.Length > 0 && text.All(char.IsLetterOrDigit),
        ["isspace"] = (text, _) => text.Length > 0 && text.All(char.IsWhiteSpace),
        ["isupper"] = (text, _) => text.Any(char.IsLetter) && text == text.ToUpperInvariant(),
        ["islower"] = (text, _) => text.Any(char.IsLetter) && text == text.ToLowerInvariant(),
    };

    /// <summary>Finds a method of a text; null if it has none of that name.</summary>
    public static Callable? Find(string text, string name) =>
        ByName.TryGetValue(name, out var method) ? call => method(text, call) : null;

    /// <summary>The words' first letters in capitals, all others small.</summary>
    public static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        bool startsWord = true;
        foreach (char c in text)
        {
            title.Append(startsWord ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
            startsWord = !char.IsLetter(c);
        }

        return title.ToString();
    }

    /// <summary>The first letter as a capital, all others small.</summary>
    public static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    private static string Strip(string text, Arguments call, bool atStart, bool atEnd)
    {
        char[]? characters = call.Take("chars")[0] is { } given ? call.Text(given, "what is stripped").ToCharArray() : null;
        if (atStart)
            text = text.TrimStart(characters);
        return atEnd ? text.TrimEnd(characters) : text;
    }

    private static bool Any(Arguments call, Func<string, bool> holds)
    {
        object? parts = call.Take("part")[0];
        return parts is List<object?> list
            ? list.Any(part => holds(call.Text(part, "a part")))
            : holds(call.Text(parts, "the part"));
    }

    private static List<object?> Split(string text, Arguments call, bool fromEnd)
    {
        object?[] taken = call.Take("sep", "maxsplit");
        long most = taken[1] is { } given ? call.Integer(given, "maxsplit") : -1;
        if (taken[0] is null)
            return SplitAtBlanks(text, most, fromEnd);
        string separator = call.Text(taken[0], "the separator");
        if (separator.Length == 0)
            throw call.Fault("the separator is empty");
        if (!fromEnd)
            return [.. text.Split(separator, most < 0 ? int.MaxValue : (int)Math.Min(most + 1, int.MaxValue))];
        var parts = new List<object?>();
        int end = text.Length;
        for (long k = 0; (most < 0 || k < most) && end > 0; k++)
        {
            int at = text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal);
            if (at < 0)
                break;
            parts.Insert(0, text[(at + separator.Length)..end]);
            end = at;
        }

        parts.Insert(0, text[..end]);
        return parts;
    }

    private static List<object?> SplitAtBlanks(string text, long most, bool fromEnd)
    {
        string[] words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (most < 0 || words.Length <= most + 1)
            return [.. words];
        var parts = new List<object?>();
        string left = text.Trim();
        for (long k = 0; k < most; k++)
        {
            int at = 0;
            if (fromEnd)
            {
                at = left.Length;
                while (!char.IsWhiteSpace(left[at - 1]))
                    at--;
                parts.Insert(0, left[at..]);
                left = left[..at].TrimEnd();
            }
            else
            {
                while (!char.IsWhiteSpace(left[at]))
                    at++;
                parts.Add(left[..at]);
                left = left[at..].TrimStart();
            }
        }

        parts.Insert(fromEnd ? 0 : parts.Count, fromEnd ? left : left + text[text.TrimEnd().Length..]);
        return parts;
    }

    private static List<object?> Lines(string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        return [.. lines is [.., ""] ? lines[..^1] : lines];
    }

    private static string Replace(string text, Arguments call)
    {
        object?[] taken = call.Take("old", "new", "count");
        string old = call.Text(taken[0], "what is replaced"), other = call.Text(taken[1], "the replacement");
        long most = taken[2] is { } given ? call.Integer(given, "count") : -1;
        if (old.Length == 0)
            throw call.Fault("what is replaced is empty");
        if (most < 0)
            return text.Replace(old, other, StringComparison.Ordinal);
        var replaced = new StringBuilder();
        int from = 0;
        for (int at = text.IndexOf(old, StringComparison.Ordinal); at >= 0 && most-- > 0;
            at = text.IndexOf(old, from, StringComparison.Ordinal))
        {
            replaced.Append(text, from, at - from).Append(other);
            from = at + old.Length;
        }

        return replaced.Append(text, from, text.Length - from).ToString();
    }

    private static object Find(string text, Arguments call, bool fromEnd)
    {
        string part = call.Text(call.Take("part")[0], "the part");
        int at = fromEnd
            ? text.LastIndexOf(part, StringComparison.Ordinal)
            : text.IndexOf(part, StringComparison.Ordinal);
        return at < 0 ? -1L : Values.Length(text[..at]);
    }

    private static object Count(string text, Arguments call)
    {
        string part = call.Text(call.Take("part")[0], "the part");
        return part.Length == 0 ? Values.Length(text) + 1L : (text.Split(part).Length - 1L);
    }
}
