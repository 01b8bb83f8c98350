using System.Globalization;
using System.Text;

namespace DemEngine.Errors;

/// <summary>Names from files, made fit for a message: short, on one line, and without anything a terminal would obey.</summary>
internal static class Quoted
{
    private const int Longest = 200;
    private const int MaxListed = 10;

    /// <summary>One name in quotation marks.</summary>
    /// <param name="text">Whatever a file held.</param>
    /// <param name="longest">So many characters of it are shown.</param>
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

    /// <summary>Several names, and how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> names)
    {
        string listed = string.Join(", ", names.Take(MaxListed).Select(name => Name(name)));
        return names.Count > MaxListed ? $"{listed} and {names.Count - MaxListed} more" : listed;
    }

    // Line ends would break a message in two, and direction overrides could make it read as something else.
    private static bool IsUnseen(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
