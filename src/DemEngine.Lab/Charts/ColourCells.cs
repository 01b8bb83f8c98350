namespace DemEngine.Lab.Charts;

/// <summary>The parts of a table of colours: cells with their numbers, and slanted names above the columns.</summary>
internal static class ColourCells
{
    /// <summary>Share of a slanted name's length that it takes upwards and to the right.</summary>
    public const double Slant = 0.72;

    /// <summary>Draws a cell: the colour of a number, and the number on it; a dash for NaN.</summary>
    public static void Cell(
        SvgText svg, ColourScale scale, double value, double x, double y, double width, double height, string title)
    {
        string number = double.IsNaN(value) ? "–" : $"{value:0.00;−0.00;0.00}";
        svg.Raw($"<g><title>{SvgText.Escape(title)}</title>");
        svg.Rectangle(x + 0.5, y + 0.5, width - 1, height - 1, $"rx=\"2\" fill=\"{scale.Of(value)}\"");
        svg.Text(x + (width / 2), y + (height / 2) + 4, number, $"text-anchor=\"middle\" style=\"fill:{scale.InkOn(value)}\"");
        svg.Raw("</g>");
    }

    /// <summary>Writes the name of a column, slanted.</summary>
    public static void Head(SvgText svg, string name, double x, double y, string title) =>
        svg.Text(x, y, name, $"transform=\"rotate(-45 {x:0.##} {y:0.##})\"", title);
}
