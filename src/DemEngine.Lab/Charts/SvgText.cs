using System.Globalization;
using System.Text;

namespace DemEngine.Lab.Charts;

/// <summary>Writes SVG elements. All text from outside goes through <see cref="Escape"/>.</summary>
internal sealed class SvgText
{
    private readonly StringBuilder _svg = new();

    /// <summary>Width of the picture in pixels; 0 if it is none.</summary>
    public double Width { get; private init; }

    /// <summary>Height of the picture in pixels; 0 if it is none.</summary>
    public double Height { get; private init; }

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

    /// <summary>Starts a picture that is a file of its own, in the common style.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="title">Title, read aloud by screen readers.</param>
    /// <param name="style">Style element that follows the common one; empty for none.</param>
    public static SvgText File(double width, double height, string title, string style = "")
    {
        var svg = new SvgText { Width = width, Height = height };
        svg.Raw(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:0.##}\" height=\"{height:0.##}\" "
            + $"viewBox=\"0 0 {width:0.##} {height:0.##}\" role=\"img\">");
        svg.Raw(Title(title));
        svg.Raw(SvgStyle.Element);
        if (style.Length > 0)
            svg.Raw(style);
        svg.Rectangle(0, 0, width, height, "rx=\"8\" class=\"paper\"");
        return svg;
    }

    /// <summary>Starts a figure inside a page, which gives it its style.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="title">Title above the figure, also read aloud by screen readers.</param>
    /// <param name="left">Horizontal position of the title.</param>
    public static SvgText Figure(double width, double height, string title, double left)
    {
        var svg = new SvgText { Width = width, Height = height };
        svg.Raw(
            $"<svg class=\"chart\" width=\"{width:0.##}\" height=\"{height:0.##}\" "
            + $"viewBox=\"0 0 {width:0.##} {height:0.##}\" role=\"img\" aria-label=\"{Escape(title)}\">");
        svg.Text(left, 15, title, "class=\"title\"");
        return svg;
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

    /// <summary>Joins points by a line; fewer than two points draw nothing.</summary>
    public void Line(IEnumerable<(double X, double Y)> points, string attributes)
    {
        string[] places = [.. points.Select(point => $"{point.X:0.##} {point.Y:0.##}")];
        if (places.Length > 1)
            Raw($"<path d=\"M{string.Join('L', places)}\" {attributes}/>");
    }

    /// <summary>Ends the picture and returns its text.</summary>
    public string End()
    {
        Raw("</svg>");
        return ToString();
    }

    public override string ToString() => _svg.ToString();

    private static string Title(string? title) => title is null ? "" : $"<title>{Escape(title)}</title>";

    private static string Space(string attributes) => attributes.Length == 0 ? "" : $" {attributes}";
}
