using System.Globalization;
using System.Text;

namespace DemEngine.Recipes;

/// <summary>Texts from a recipe as messages show them: one short line, whatever the recipe held.</summary>
internal static class Shown
{
    private const int MaxLength = 60;

    public static string Quote(string text)
    {
        var shown = new StringBuilder("\"");
        foreach (char c in text.Length > MaxLength ? text.AsSpan(0, MaxLength) : text)
        {
            if (c is '"' or '\\') shown.Append('\\').Append(c);
            else if (IsUnseen(c)) shown.Append($"\\u{(int)c:X4}");
            else shown.Append(c);
        }

        return shown.Append(text.Length > MaxLength ? "…\"" : "\"").ToString();
    }

    /// <summary>A list of words for a message, in alphabetical order.</summary>
    public static string List(IEnumerable<string> words) => string.Join(", ", words.Order(StringComparer.Ordinal));

    /// <summary>What a node is, for "found ...".</summary>
    public static string Found(RecipeNode node) => node switch
    {
        ListNode { Items.Count: 0 } => "an empty list",
        ListNode => "a list",
        MapNode => "a mapping",
        TextNode text => PlainScalar.Read(text) switch
        {
            null => "nothing",
            bool flag => flag ? "true" : "false",
            double number => "the number " + number.ToString(CultureInfo.InvariantCulture),
            _ => "the text " + Quote(text.Text),
        },
        _ => throw new InvalidOperationException(),
    };

    // Line ends would break the message in two, and direction overrides could make it read as something else.
    private static bool IsUnseen(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
