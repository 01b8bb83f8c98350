using DemEngine.Lab.Charts;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Cli.Pictures;

/// <summary>
/// Draws a search as a picture in SVG: one panel for each coefficient, and in it the metric on every validation set against that
/// coefficient. Lines join the trials that differ from the best in this coefficient alone; dots are the others, drawn faintly.
/// The file needs no font and no script, shows exact numbers when pointed at, and follows the viewer's light or dark setting.
/// </summary>
internal static class SearchPicture
{
    /// <summary>Name of the picture's file.</summary>
    public const string FileName = "search.svg";

    private const double Margin = 16;
    private const double PanelWidth = 300;
    private const double PanelHeight = 190;
    private const double AxisRoom = 58;
    private const double HeadRoom = 26;
    private const double FootRoom = 40;
    private const int Columns = 3;
    private const int LongestName = 34;
    private const int MaxDots = 1200;

    // Follows the common style. The rules are lighter here, since there are many.
    private const string Style = """
        <style>
        .name { font-weight: 600; }
        .rule { stroke: #d0d7de; }
        .best { stroke: #59636e; stroke-width: 1; stroke-dasharray: 4 3; fill: none; }
        .objective { stroke: #1f2328; } circle.objective { fill: #1f2328; }
        @media (prefers-color-scheme: dark) {
        .rule { stroke: #30363d; }
        .best { stroke: #9198a1; }
        .objective { stroke: #e6edf3; } circle.objective { fill: #e6edf3; }
        }
        </style>
        """;

    /// <summary>Returns the text of the SVG file.</summary>
    /// <param name="map">The map between coefficients and points of the search space.</param>
    /// <param name="objective">Objective of the search.</param>
    /// <param name="best">The best trial.</param>
    /// <param name="trials">All trials.</param>
    public static string Write(CoefficientMap map, Objective objective, Trial best, IEnumerable<Trial> trials)
    {
        (SearchPoint Point, Trial Trial)[] shown =
        [
            .. from trial in trials
               where trial.Succeeded
               let point = map.PointOf(trial.Coefficients)
               where point is not null && map.Space.Contains(point)
               select (point, trial),
        ];
        SearchPoint optimum = map.PointOf(best.Coefficients)!;
        string[] sets = [.. best.Scores.Select(score => score.Set)];
        int panels = map.Space.Dimensions.Length;
        int columns = Math.Min(Columns, panels);
        double legend = 62 + (16 * ((sets.Length + 1 + columns) / (columns + 1)));
        double width = (2 * Margin) + (columns * PanelWidth);
        double height = legend + ((panels + columns - 1) / columns * (PanelHeight + FootRoom)) + Margin;

        SvgText svg = SvgText.File(
            width, height, $"{objective.Metric} on {string.Join(", ", sets)} against each coefficient", Style);
        svg.Text(Margin, 28, $"{Title(objective.Metric.Name)} against each coefficient", "class=\"heading\"");
        svg.Text(
            Margin,
            46,
            "lines: the other coefficients at the optimum; dots: other trials; "
            + $"{(objective.Metric.HigherIsBetter ? "higher" : "lower")} is better",
            "class=\"faint\"");
        Legend(svg, objective, sets, columns);

        (double low, double high) = Range(shown, optimum, sets);
        Axis values = Axis.Exact(objective.Metric.Name, low, high, 5);
        for (int d = 0; d < panels; d++)
        {
            SearchDimension dimension = map.Space.Dimensions[d];
            var panel = new Panel(svg, (low, high), new PlotArea(
                Axis.Exact(dimension.Name, dimension.Range.Low, dimension.Range.High, 6),
                values,
                Margin + (d % columns * PanelWidth) + AxisRoom,
                legend + (d / columns * (PanelHeight + FootRoom)) + HeadRoom,
                PanelWidth - AxisRoom - 14,
                PanelHeight - HeadRoom));
            panel.Frame(optimum[d]);
            Draw(panel, d, shown, optimum, sets);
        }

        return svg.End();
    }

    private static void Draw(
        Panel panel, int dimension, (SearchPoint Point, Trial Trial)[] shown, SearchPoint optimum, string[] sets)
    {
        var slice = shown
            .Where(one => one.Point.With(dimension, optimum[dimension]).Equals(optimum))
            .OrderBy(one => one.Point[dimension])
            .ToArray();
        int stride = Math.Max(1, shown.Length * sets.Length / MaxDots);
        for (int s = 0; s < sets.Length; s++)
        {
            string set = sets[s];
            foreach (var (point, trial) in shown.Where((_, k) => k % stride == 0))
                panel.Dot(point[dimension], trial[set], SeriesColour.Of(s));
        }

        for (int s = 0; s < sets.Length; s++)
        {
            string set = sets[s];
            panel.Line(
                [.. slice.Select(one => (one.Point[dimension], one.Trial[set]))],
                $"stroke=\"{SeriesColour.Of(s)}\"",
                $"fill=\"{SeriesColour.Of(s)}\"",
                set);
        }

        if (sets.Length > 1)
            panel.Line(
                [.. slice.Select(one => (one.Point[dimension], one.Trial.Objective))],
                "class=\"objective\" stroke-dasharray=\"2 2\"",
                "class=\"objective\"",
                "objective");
    }

    private static void Legend(SvgText svg, Objective objective, string[] sets, int columns)
    {
        string[] names = sets.Length > 1
            ? [.. sets, $"objective: {objective.Name}"]
            : sets;
        for (int k = 0; k < names.Length; k++)
        {
            double x = Margin + (k % (columns + 1) * ((columns * PanelWidth) / (columns + 1)));
            double y = 66 + (k / (columns + 1) * 16);
            string colour = k < sets.Length
                ? $"stroke=\"{SeriesColour.Of(k)}\""
                : "class=\"objective\" stroke-dasharray=\"2 2\"";
            svg.Raw($"<path d=\"M{x:0.##} {y - 4:0.##}h18\" stroke-width=\"2\" {colour}/>");
            svg.Text(x + 24, y, SvgText.Shorten(names[k], LongestName), title: names[k]);
        }
    }

    /// <summary>
    /// Computes the range of values that all panels show: every trial on a line, and those of the others that lie not far beyond
    /// them.
    /// </summary>
    private static (double Low, double High) Range(
        (SearchPoint Point, Trial Trial)[] shown, SearchPoint optimum, string[] sets)
    {
        bool IsOnLine(SearchPoint point) => Enumerable.Range(0, point.Length).Count(d => point[d] != optimum[d]) <= 1;
        double[] onLines = [.. shown.Where(one => IsOnLine(one.Point)).SelectMany(one => sets.Select(set => one.Trial[set]))];
        double[] all = [.. shown.SelectMany(one => sets.Select(set => one.Trial[set])).Order()];
        double low = Math.Min(onLines.Min(), all[all.Length / 20]);
        double high = Math.Max(onLines.Max(), all[^(1 + (all.Length / 20))]);
        double room = Math.Max((high - low) * 0.06, Math.Max(Math.Abs(high), 1e-6) * 1e-6);
        return (low - room, high + room);
    }

    private static string Title(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    /// <summary>One set of axes, for one coefficient.</summary>
    private sealed class Panel(SvgText svg, (double Low, double High) range, PlotArea area)
    {
        public void Frame(double optimum)
        {
            string name = area.X.Label;
            svg.Text(area.Left, area.Top - 9, SvgText.Shorten(name, LongestName), "class=\"name\"", name);
            svg.Text(area.Right, area.Top - 9, $"{optimum:0.######}", "text-anchor=\"end\" class=\"faint\"");
            foreach (var (value, text) in area.Y.Ticks)
            {
                double y = area.PlaceY(value);
                svg.Raw($"<path class=\"rule\" d=\"M{area.Left:0.##} {y:0.##}h{area.Width:0.##}\"/>");
                svg.Text(area.Left - 6, y + 4, text, "text-anchor=\"end\" class=\"faint\"");
            }

            foreach (var (value, text) in area.X.Ticks)
            {
                double x = area.PlaceX(value);
                svg.Raw($"<path class=\"rule\" d=\"M{x:0.##} {area.Bottom:0.##}v4\"/>");
                svg.Text(x, area.Bottom + 16, text, "text-anchor=\"middle\" class=\"faint\"");
            }

            svg.Raw($"<path class=\"rule\" d=\"M{area.Left:0.##} {area.Bottom:0.##}h{area.Width:0.##}\"/>");
            svg.Raw($"<path class=\"best\" d=\"M{area.PlaceX(optimum):0.##} {area.Top:0.##}v{area.Height:0.##}\"/>");
        }

        public void Dot(double x, double y, string colour)
        {
            if (y >= range.Low && y <= range.High)
                svg.Raw(
                    $"<circle cx=\"{area.PlaceX(x):0.##}\" cy=\"{area.PlaceY(y):0.##}\" r=\"1.6\" "
                    + $"fill=\"{colour}\" fill-opacity=\"0.28\"/>");
        }

        public void Line((double X, double Y)[] points, string stroke, string fill, string name)
        {
            svg.Line(
                points.Select(point => (area.PlaceX(point.X), area.PlaceY(point.Y))),
                $"fill=\"none\" stroke-width=\"1.6\" {stroke}");
            foreach (var (x, y) in points)
            {
                string title = SvgText.Escape($"{name}: {y:0.######} at {x:0.######}");
                svg.Raw(
                    $"<circle cx=\"{area.PlaceX(x):0.##}\" cy=\"{area.PlaceY(y):0.##}\" r=\"2.6\" {fill}>"
                    + $"<title>{title}</title></circle>");
            }
        }
    }
}
