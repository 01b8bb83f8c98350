using DemEngine.Lab.Charts;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Report;

/// <summary>The figures of a report, each small enough to be read on a phone without scaling.</summary>
internal static class Charts
{
    private const double Width = 340;
    private const double CellWidth = 46;
    private const double LetterWidth = 6.4;

    // Half of the width of the marks of a family's life.
    private const double LifeMark = 4.5;

    // Beyond this multiple of the minimum loss, a curve shows only that the merge went wrong.
    private const double MaxLossShown = 6;

    /// <summary>Draws the validation loss as a function of a coefficient.</summary>
    public static SvgText Curve(CoefficientCurve curve)
    {
        double[] losses = [.. curve.Lines.SelectMany(line => line.Values).Where(double.IsFinite)];
        double ceiling = losses.Length == 0
            ? 1
            : Math.Max(
                losses.Min() * MaxLossShown,
                curve.Lines[^1].Values.Where(double.IsFinite).DefaultIfEmpty(1).Min() * 3);
        var plot = new Plot(
            curve.Name,
            Axis.Linear("coefficient ω", curve.Values),
            Axis.Linear("validation loss", losses.Where(loss => loss <= ceiling)),
            Width,
            230);
        if (curve.Best is { } best)
            plot.Upright(best, $"chosen: {best:0.###}");
        for (int line = 0; line < curve.Lines.Length; line++)
        {
            bool isMean = line == curve.Lines.Length - 1 && line > 0;
            var points = curve.Values.Zip(curve.Lines[line].Values).Where(point => point.Second <= ceiling).ToArray();
            string look = isMean
                ? "class=\"mean\""
                : $"stroke=\"{SeriesColour.Of(line)}\" stroke-dasharray=\"{Series.Dash(line)}\" "
                    + "stroke-width=\"1.6\" fill=\"none\"";
            plot.Svg.Line(points.Select(point => (plot.PlaceX(point.First), plot.PlaceY(point.Second))), look);
            foreach (var (value, loss) in isMean ? [] : points)
                Series.Mark(
                    plot.Svg,
                    line,
                    plot.PlaceX(value),
                    plot.PlaceY(loss),
                    2.6,
                    "",
                    $"{curve.Lines[line].Name}: ω = {value:0.###}, loss {loss:0.0000}");
        }

        return plot.End();
    }

    /// <summary>Names of the methods whose costs add up over the life of a family, in the order of their series.</summary>
    public static string[] LifeMethods(ExperimentResults results) =>
        results.Life.IsEmpty
            ? []
            : [.. results.Life[0].Rows.Where(row => row.Kind != MethodKind.Base).Select(row => row.Name)];

    /// <summary>
    /// Draws the life of a family: for each method a line over all operations so far, with a mark at each event, as high as the
    /// mean exact match on the sources that the family then serves.
    /// </summary>
    public static SvgText Life(ExperimentResults results)
    {
        string[] methods = LifeMethods(results);
        var points = methods.Select(method =>
        {
            double cost = 0;
            return results.Life.Select(table =>
            {
                MethodResult row = table.Rows.First(one => one.Name == method);
                cost += row.Runs.Average(run => run.Cost.Flops(results.Parameters));
                Spread quality = Spread.Of(row.Runs.Select(run => 100 * run.ExactMatch.Take(table.Averaged).Average()));
                return (Cost: cost, Quality: quality, Event: table.Name);
            }).ToArray();
        }).ToArray();
        double power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(1, points.Max(line => line[^1].Cost)))));
        var plot = new Plot(
            "The life of a family: cost so far against quality",
            Axis.Linear(
                FormattableString.Invariant($"floating-point operations so far, {power:0e0}"),
                points.SelectMany(line => line.Select(point => point.Cost / power)).Append(0)),
            Axis.Linear(
                "exact match, mean, %",
                points.SelectMany(line => line.Select(point => point.Quality).SelectMany(quality =>
                    new[] { quality.Mean, quality.Mean - quality.Deviation, quality.Mean + quality.Deviation }))),
            Width + 220,
            330);
        (double X, double Y)[][] all =
        [
            .. points.Select(line =>
                line.Select(point => (plot.PlaceX(point.Cost / power), plot.PlaceY(point.Quality.Mean))).ToArray()),
        ];
        LabelPlacement labels = plot.StartLabels();
        foreach (var (x, y) in all.SelectMany(line => line))
            labels.Avoid(x, y, LifeMark);
        foreach (var (places, line) in all.Zip(points))
        {
            labels.AvoidLine(places);
            foreach (var (place, point) in places.Zip(line))
            {
                (double mean, double deviation) = point.Quality;
                labels.AvoidLine([(place.X, plot.PlaceY(mean - deviation)), (place.X, plot.PlaceY(mean + deviation))]);
            }
        }

        for (int k = 0; k < points.Length; k++)
        {
            (double X, double Y)[] places = all[k];
            plot.Svg.Line(places, $"fill=\"none\" stroke-width=\"1.6\" stroke=\"{SeriesColour.Of(k)}\"");
            foreach (var (place, point) in places.Zip(points[k]))
            {
                if (point.Quality.Deviation > 0)
                    plot.Svg.Raw(
                        $"<path d=\"M{place.X:0.##} {plot.PlaceY(point.Quality.Mean - point.Quality.Deviation):0.##}"
                        + $"V{plot.PlaceY(point.Quality.Mean + point.Quality.Deviation):0.##}\" "
                        + $"stroke=\"{SeriesColour.Of(k)}\" stroke-width=\"1.2\"/>");
                Series.Mark(
                    plot.Svg,
                    k,
                    place.X,
                    place.Y,
                    LifeMark,
                    "",
                    FormattableString.Invariant(
                        $"{methods[k]}, {point.Event}: {point.Quality.Mean:0.0} % for {point.Cost:0.##e0} operations so far"));
                // A mark without a label still has its title.
                if (labels.Place(place.X, place.Y, point.Event) is not { } label)
                    continue;
                plot.Svg.Text(label.X, label.Y, point.Event, "text-anchor=\"middle\" class=\"faint label\"");
                if (labels.LeaderFrom(place.X, place.Y) is { } end)
                    plot.Svg.Line(
                        [place, end],
                        $"fill=\"none\" stroke-width=\"1\" stroke-dasharray=\"1 2\" stroke=\"{SeriesColour.Of(k)}\"");
            }
        }

        return plot.End();
    }

    /// <summary>Draws the mean exact match of each method over the floating-point operations that it took.</summary>
    public static SvgText CostAndQuality(ResultTable table, long parameters)
    {
        MethodResult[] methods = [.. table.Rows.Where(row => row.Kind != MethodKind.Base)];
        Spread Quality(MethodResult row) =>
            Spread.Of(row.Runs.Select(run => 100 * run.ExactMatch.Take(table.Averaged).Average()));
        double Cost(MethodResult row) => row.Runs.Average(run => run.Cost.Flops(parameters));

        Spread[] qualities = [.. methods.Select(Quality)];
        MethodResult? start = table.Rows.FirstOrDefault(row => row.Kind == MethodKind.Base);
        var plot = new Plot(
            table.Name,
            Axis.Logarithmic("floating-point operations", methods.Select(Cost)),
            Axis.Linear(
                "exact match, mean, %",
                [
                    .. qualities.SelectMany(one => new[] { one.Mean, one.Mean - one.Deviation, one.Mean + one.Deviation }),
                    start is null ? double.NaN : Quality(start).Mean,
                ]),
            Width + 40,
            300);
        if (start is not null)
            plot.Level(Quality(start).Mean, start.Name);
        for (int k = 0; k < methods.Length; k++)
        {
            (double mean, double deviation) = qualities[k];
            (double x, double y) = (plot.PlaceX(Cost(methods[k])), plot.PlaceY(mean));
            if (deviation > 0)
                plot.Svg.Raw(
                    $"<path d=\"M{x:0.##} {plot.PlaceY(mean - deviation):0.##}V{plot.PlaceY(mean + deviation):0.##}\" "
                    + $"stroke=\"{SeriesColour.Of(k)}\" stroke-width=\"1.2\"/>");
            Series.Mark(
                plot.Svg, k, x, y, 5, "", $"{methods[k].Name}: {mean:0.0} % at {Cost(methods[k]):0.##e0} operations");
        }

        return plot.End();
    }

    /// <summary>Draws the points of the sources and their centroids.</summary>
    public static SvgText Map(SourceMap map)
    {
        string Share(int axis) => $"component {axis + 1}, {100 * map.Shares[axis]:0} % of the variance";
        var plot = new Plot(
            "Exercises of each source",
            Axis.Linear(Share(0), map.Clouds.SelectMany(cloud => cloud.X)),
            Axis.Linear(Share(1), map.Clouds.SelectMany(cloud => cloud.Y)),
            Width + 40,
            340);
        for (int k = 0; k < map.Clouds.Length; k++)
        {
            foreach (var (x, y) in map.Clouds[k].X.Zip(map.Clouds[k].Y))
                Series.Mark(plot.Svg, k, plot.PlaceX(x), plot.PlaceY(y), 2.4, "opacity=\"0.45\"");
        }

        for (int k = 0; k < map.Clouds.Length; k++)
        {
            (double x, double y) = map.Clouds[k].Centroid;
            Series.Mark(
                plot.Svg,
                k,
                plot.PlaceX(x),
                plot.PlaceY(y),
                6.5,
                "class=\"centroid\"",
                $"centroid of {map.Clouds[k].Name}");
        }

        return plot.End();
    }

    /// <summary>Draws numbers as a table of colours.</summary>
    /// <param name="title">Title above the table.</param>
    /// <param name="rows">Names of the rows.</param>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="values">Values, row by row.</param>
    /// <param name="scale">Colour scale for the values.</param>
    public static SvgText Matrix(
        string title,
        IReadOnlyList<string> rows,
        IReadOnlyList<string> columns,
        IReadOnlyList<IReadOnlyList<double>> values,
        ColourScale scale)
    {
        string[] names = [.. rows.Select(row => SvgText.Shorten(row, 26))];
        string[] heads = [.. columns.Select(column => SvgText.Shorten(column, 14))];
        double left = (names.Max(name => name.Length) * LetterWidth) + 10;
        double slant = heads.Max(head => head.Length) * LetterWidth * ColourCells.Slant;
        double top = 30 + slant;
        double height = rows.Count <= 16 ? 24 : 17;
        double width = left + (columns.Count * CellWidth) + slant;
        double bottom = top + (rows.Count * height) + 6;
        SvgText svg = SvgText.Figure(Math.Round(width), Math.Round(bottom), title, 0);
        for (int c = 0; c < heads.Length; c++)
            ColourCells.Head(svg, heads[c], left + ((c + 0.5) * CellWidth), top - 6, columns[c]);

        for (int r = 0; r < names.Length; r++)
        {
            double y = top + (r * height);
            svg.Text(left - 6, y + (height / 2) + 4, names[r], "text-anchor=\"end\"", rows[r]);
            for (int c = 0; c < heads.Length; c++)
                ColourCells.Cell(
                    svg,
                    scale,
                    values[r][c],
                    left + (c * CellWidth),
                    y,
                    CellWidth,
                    height,
                    $"{rows[r]}, {columns[c]}: {values[r][c]:0.0000}");
        }

        svg.End();
        return svg;
    }
}
