using System.Globalization;
using System.Text;

namespace DemEngine.Errors;

/// <summary>Makes names from files fit for a message: short, on one line, and without terminal control characters.</summary>
internal static class Quoted
{
    private const int Longest = 200;
    private const int MaxListed = 10;

    /// <summary>Returns one name in quotation marks.</summary>
    /// <param name="text">Name as the file has it.</param>
    /// <param name="longest">Maximum number of characters that are shown.</param>
    public static string Name(string text, int longest = Longest)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, longest)))
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (IsUnseen(c))
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else
                quoted.Append(c);
        }

        return quoted.Append(text.Length > longest ? "…\"" : "\"").ToString();
    }

    /// <summary>Returns the first ten names in quotation marks, and says how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> names)
    {
        string listed = string.Join(", ", names.Take(MaxListed).Select(name => Name(name)));
        return names.Count > MaxListed ? $"{listed} and {names.Count - MaxListed} more" : listed;
    }

    /// <summary>
    /// Returns text of any length on one line, without quotation marks, and without what a terminal would interpret.
    /// </summary>
    /// <param name="text">Text that may hold parts of files.</param>
    /// <param name="longest">Maximum number of characters that are shown.</param>
    public static string Plain(string text, int longest = int.MaxValue)
    {
        if (text.Length <= longest && !text.Any(IsUnseen))
            return text;
        var plain = new StringBuilder(Math.Min(text.Length, longest));
        for (int k = 0; k < Math.Min(text.Length, longest); k++)
        {
            char c = text[k];
            if (char.IsSurrogatePair(text, k) && k + 1 < longest)
                plain.Append(c).Append(text[++k]);
            else if (IsUnseen(c))
                plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                plain.Append(c);
        }

        return plain.Append(text.Length > longest ? "…" : "").ToString();
    }

    // Line ends would break a message in two, and direction overrides could disguise its text.
    private static bool IsUnseen(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
