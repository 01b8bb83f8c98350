using System.Globalization;
using System.Text;

namespace DemEngine.Lab.Charts;

/// <summary>Writes SVG elements. All text from outside goes through <see cref="Escape"/>.</summary>
internal sealed class SvgText
{
    private readonly StringBuilder _svg = new();

    /// <summary>
    /// Escapes text as XML character data: markup is escaped, and characters that XML forbids or that would change the writing
    /// direction are replaced.
    /// </summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            escaped.Append(rune.Value switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                '\'' => "&#39;",
                0xFFFE or 0xFFFF => "\uFFFD",
                _ => category is UnicodeCategory.Control or UnicodeCategory.Format ? "\uFFFD" : rune.ToString(),
            });
        }

        return escaped.ToString();
    }

    /// <summary>Shortens a text to a maximum number of characters, taken from its start and its end.</summary>
    public static string Shorten(string text, int length)
    {
        int[] starts = StringInfo.ParseCombiningCharacters(text);
        if (starts.Length <= length)
            return text;
        int head = (length - 1) / 2;
        return $"{text[..starts[head]]}…{text[starts[starts.Length - (length - 1 - head)]..]}";
    }

    /// <summary>Writes markup as it is.</summary>
    public void Raw(string markup) => _svg.Append(markup).Append('\n');

    /// <summary>Writes a line of text.</summary>
    /// <param name="x">Horizontal position of the anchor.</param>
    /// <param name="y">Vertical position of the baseline.</param>
    /// <param name="text">Text to write.</param>
    /// <param name="attributes">Further SVG attributes.</param>
    /// <param name="title">Text shown when the line is pointed at; null for none.</param>
    public void Text(double x, double y, string text, string attributes = "", string? title = null) =>
        Raw($"<text x=\"{x:0.##}\" y=\"{y:0.##}\"{Space(attributes)}>{Title(title)}{Escape(text)}</text>");

    /// <summary>Writes a rectangle.</summary>
    public void Rectangle(double x, double y, double width, double height, string attributes, string? title = null) =>
        Raw(
            $"<rect x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{width:0.##}\" height=\"{height:0.##}\""
            + $"{Space(attributes)}>{Title(title)}</rect>");

    public override string ToString() => _svg.ToString();

    private static string Title(string? title) => title is null ? "" : $"<title>{Escape(title)}</title>";

    private static string Space(string attributes) => attributes.Length == 0 ? "" : $" {attributes}";
}
