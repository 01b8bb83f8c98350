namespace DemEngine.Lab.Charts;

/// <summary>The frame of a chart with two axes: the grid, numbers and labels, and the positions of values in it.</summary>
internal sealed class Plot
{
    private const double Left = 46;
    private const double Top = 26;
    private const double Right = 12;

    // Between the title and the area, for the labels of the highest points.
    private const double AboveArea = 4;
    private const double Bottom = 40;

    private readonly PlotArea _area;

    /// <summary>Starts a chart.</summary>
    /// <param name="title">Title above the chart, also read aloud by screen readers.</param>
    /// <param name="x">Horizontal axis.</param>
    /// <param name="y">Vertical axis.</param>
    /// <param name="width">Width of the whole chart in pixels.</param>
    /// <param name="height">Height of the whole chart in pixels.</param>
    public Plot(string title, Axis x, Axis y, double width, double height)
    {
        _area = new PlotArea(x, y, Left, Top, width - Left - Right, height - Top - Bottom);
        Svg = SvgText.Figure(width, height, title, Left);
        foreach (var (value, text) in y.Ticks)
        {
            Svg.Raw($"<path class=\"grid\" d=\"M{Left:0.##} {PlaceY(value):0.##}h{_area.Width:0.##}\"/>");
            Svg.Text(Left - 6, PlaceY(value) + 3.5, text, "text-anchor=\"end\"");
        }

        foreach (var (value, text) in x.Ticks)
        {
            Svg.Raw($"<path class=\"grid\" d=\"M{PlaceX(value):0.##} {Top:0.##}v{_area.Height:0.##}\"/>");
            Svg.Text(PlaceX(value), _area.Bottom + 15, text, "text-anchor=\"middle\"");
        }

        Svg.Raw($"<path class=\"axis\" d=\"M{Left:0.##} {Top:0.##}v{_area.Height:0.##}h{_area.Width:0.##}\"/>");
        Svg.Text(Left + (_area.Width / 2), height - 6, x.Label, "text-anchor=\"middle\" class=\"faint\"");
        double middle = Top + (_area.Height / 2);
        Svg.Text(11, middle, y.Label, $"text-anchor=\"middle\" class=\"faint\" transform=\"rotate(-90 11 {middle:0.##})\"");
    }

    public SvgText Svg { get; }

    public double PlaceX(double value) => _area.PlaceX(value);

    public double PlaceY(double value) => _area.PlaceY(value);

    /// <summary>Starts the labels of points, which stay within the axes.</summary>
    public LabelPlacement StartLabels() =>
        new(new LabelBox(_area.Left + 1, Top - AboveArea, _area.Width + Right - 2, _area.Height + AboveArea));

    /// <summary>Draws a level across the whole chart.</summary>
    public void Level(double value, string name)
    {
        Svg.Raw($"<path class=\"level\" d=\"M{Left:0.##} {PlaceY(value):0.##}h{_area.Width:0.##}\"/>");
        Svg.Text(_area.Right - 4, PlaceY(value) - 4, name, "text-anchor=\"end\" class=\"faint\"");
    }

    /// <summary>Marks a value of the horizontal axis by an upright line.</summary>
    public void Upright(double value, string title) =>
        Svg.Raw(
            $"<path class=\"level\" d=\"M{PlaceX(value):0.##} {Top:0.##}v{_area.Height:0.##}\">"
            + $"<title>{SvgText.Escape(title)}</title></path>");

    /// <summary>Ends the chart and returns it.</summary>
    public SvgText End()
    {
        Svg.End();
        return Svg;
    }
}
