using System.Globalization;
using System.Text;

namespace DemEngine;

/// <summary>Names from files, made fit for a message: short, on one line, and without anything a terminal would obey.</summary>
internal static class Quoted
{
    private const int Longest = 200;
    private const int MostListed = 10;

    /// <summary>One name in quotation marks.</summary>
    public static string Name(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, Longest)))
        {
            if (char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format)
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                quoted.Append(c);
        }

        return quoted.Append(text.Length > Longest ? "…\"" : "\"").ToString();
    }

    /// <summary>Several names, and how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> names)
    {
        string listed = string.Join(", ", names.Take(MostListed).Select(Name));
        return names.Count > MostListed ? $"{listed} and {names.Count - MostListed} more" : listed;
    }
}
