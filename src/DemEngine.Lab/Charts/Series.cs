namespace DemEngine.Lab.Charts;

/// <summary>
/// Appearance of the k-th series of a chart besides its colour, <see cref="SeriesColour"/>: a mark and a dash, so that the series
/// can be told apart without colour too. No mark looks like the bar of an error, and no two series up to the 64th have both the
/// mark and the colour in common.
/// </summary>
internal static class Series
{
    private const int Shapes = 8;

    private static readonly string[] Dashes = ["", "6 3", "2 2", "8 3 2 3", "1 3", "10 3"];

    /// <summary>Dash pattern of the series' line.</summary>
    public static string Dash(int index) => Dashes[index % Dashes.Length];

    /// <summary>Draws the mark of a series.</summary>
    /// <param name="svg">SVG to draw into.</param>
    /// <param name="index">Index of the series.</param>
    /// <param name="x">Horizontal position of the centre.</param>
    /// <param name="y">Vertical position of the centre.</param>
    /// <param name="size">Half of the mark's width.</param>
    /// <param name="attributes">Further SVG attributes.</param>
    /// <param name="title">Text shown when the mark is pointed at; null for none.</param>
    public static void Mark(SvgText svg, int index, double x, double y, double size, string attributes = "", string? title = null)
    {
        double s = size;
        int shape = (index + (index / Shapes)) % Shapes;
        string path = shape switch
        {
            0 => Circle(s),
            1 => $"M{-s:0.##} {-s:0.##}h{2 * s:0.##}v{2 * s:0.##}h{-2 * s:0.##}z",
            2 => $"M0 {-1.2 * s:0.##}L{1.2 * s:0.##} {s:0.##}H{-1.2 * s:0.##}z",
            3 => $"M0 {-1.3 * s:0.##}L{1.3 * s:0.##} 0L0 {1.3 * s:0.##}L{-1.3 * s:0.##} 0z",
            4 => $"M0 {1.2 * s:0.##}L{1.2 * s:0.##} {-s:0.##}H{-1.2 * s:0.##}z",
            5 => Star(1.5 * s, 0.62 * s),
            6 => Saltire(1.15 * s, 0.4 * s),
            _ => Ring(s),
        };
        string inner = title is null ? "" : $"<title>{SvgText.Escape(title)}</title>";
        svg.Raw(
            $"<path d=\"{path}\" fill-rule=\"evenodd\" transform=\"translate({x:0.##} {y:0.##})\" "
            + $"fill=\"{SeriesColour.Of(index)}\" {attributes}>{inner}</path>");
    }

    /// <summary>Writes a mark and a name that fit into a line of HTML.</summary>
    public static string Legend(int index, string name, bool withLine)
    {
        var svg = new SvgText();
        svg.Raw("<svg width=\"26\" height=\"12\" viewBox=\"0 0 26 12\" aria-hidden=\"true\">");
        if (withLine)
            svg.Raw(
                $"<path d=\"M0 6h26\" stroke=\"{SeriesColour.Of(index)}\" stroke-width=\"2\" "
                + $"stroke-dasharray=\"{Dash(index)}\"/>");
        Mark(svg, index, 13, 6, 3.6);
        svg.Raw("</svg>");
        return $"<span class=\"key\">{svg}{SvgText.Escape(name)}</span>";
    }

    /// <summary>A star of five points.</summary>
    private static string Star(double outer, double inner)
    {
        IEnumerable<string> corners = Enumerable.Range(0, 10).Select(k =>
        {
            (double sin, double cos) = Math.SinCos(k * Math.PI / 5);
            double radius = k % 2 == 0 ? outer : inner;
            return $"{radius * sin:0.##} {-radius * cos:0.##}";
        });
        return $"M{string.Join('L', corners)}z";
    }

    /// <summary>A cross whose arms lie on the diagonals.</summary>
    private static string Saltire(double s, double half) =>
        $"M0 {-half:0.##}L{s - half:0.##} {-s:0.##}L{s:0.##} {half - s:0.##}L{half:0.##} 0L{s:0.##} {s - half:0.##}"
        + $"L{s - half:0.##} {s:0.##}L0 {half:0.##}L{half - s:0.##} {s:0.##}L{-s:0.##} {s - half:0.##}"
        + $"L{-half:0.##} 0L{-s:0.##} {half - s:0.##}L{half - s:0.##} {-s:0.##}z";

    /// <summary>A circle with a hole.</summary>
    private static string Ring(double s) => Circle(1.1 * s) + Circle(0.55 * s);

    private static string Circle(double r) =>
        $"M{-r:0.##} 0a{r:0.##} {r:0.##} 0 1 0 {2 * r:0.##} 0a{r:0.##} {r:0.##} 0 1 0 {-2 * r:0.##} 0z";
}
