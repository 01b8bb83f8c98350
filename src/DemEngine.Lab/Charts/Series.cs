namespace DemEngine.Lab.Charts;

/// <summary>
/// Appearance of the k-th series of a chart besides its colour, <see cref="SeriesColour"/>: a mark and a dash, so that the series
/// can be told apart without colour too.
/// </summary>
internal static class Series
{
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
        string path = (index % 8) switch
        {
            0 => $"M{-s:0.##} 0a{s:0.##} {s:0.##} 0 1 0 {2 * s:0.##} 0a{s:0.##} {s:0.##} 0 1 0 {-2 * s:0.##} 0z",
            1 => $"M{-s:0.##} {-s:0.##}h{2 * s:0.##}v{2 * s:0.##}h{-2 * s:0.##}z",
            2 => $"M0 {-1.2 * s:0.##}L{1.2 * s:0.##} {s:0.##}H{-1.2 * s:0.##}z",
            3 => $"M0 {-1.3 * s:0.##}L{1.3 * s:0.##} 0L0 {1.3 * s:0.##}L{-1.3 * s:0.##} 0z",
            4 => $"M0 {1.2 * s:0.##}L{1.2 * s:0.##} {-s:0.##}H{-1.2 * s:0.##}z",
            5 => Cross(s, 0.45 * s),
            6 => $"M{-1.3 * s:0.##} {-0.6 * s:0.##}h{2.6 * s:0.##}v{1.2 * s:0.##}h{-2.6 * s:0.##}z",
            _ => $"M{-0.6 * s:0.##} {-1.3 * s:0.##}h{1.2 * s:0.##}v{2.6 * s:0.##}h{-1.2 * s:0.##}z",
        };
        string inner = title is null ? "" : $"<title>{SvgText.Escape(title)}</title>";
        svg.Raw(
            $"<path d=\"{path}\" transform=\"translate({x:0.##} {y:0.##})\" "
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

    private static string Cross(double s, double half) =>
        $"M{-half:0.##} {-s:0.##}h{2 * half:0.##}v{s - half:0.##}h{s - half:0.##}v{2 * half:0.##}"
        + $"h{half - s:0.##}v{s - half:0.##}h{-2 * half:0.##}v{half - s:0.##}"
        + $"h{half - s:0.##}v{-2 * half:0.##}h{s - half:0.##}z";
}
