using System.Globalization;
using DemEngine.Backends.Devices;
using DemEngine.Lab.Charts;

namespace DemEngine.Cli.Pictures;

/// <summary>
/// Draws a <see cref="DeviceTimeline"/> as a picture in SVG: three lanes, for copies in, kernels and copies out, in which each
/// tile keeps its colour. Only tiles from the middle of a long run are drawn.
/// </summary>
internal static class TimelineChart
{
    private const int MaxTiles = 48;
    private const double Left = 116;
    private const double Width = 1040;
    private const double Top = 84;
    private const double RowHeight = 12;
    private const double LaneGap = 18;

    /// <summary>Returns the text of the SVG file.</summary>
    /// <param name="timeline">Timeline to draw.</param>
    /// <param name="device">Name of the device, for the heading.</param>
    public static string Write(DeviceTimeline timeline, string device)
    {
        TileTimes[] tiles = [.. timeline.Tiles.OrderBy(tile => tile.Asked)];
        int first = Math.Max(0, (tiles.Length - MaxTiles) / 2);
        tiles = [.. tiles.Skip(first).Take(MaxTiles)];
        double from = tiles.Select(tile => tile.Asked).DefaultIfEmpty().Min();
        double to = Math.Max(from + 1e-9, tiles.Select(tile => tile.CopiedOut).DefaultIfEmpty().Max());

        var lanes = new (string Name, Func<TileTimes, (double From, double To)> Span, double Seconds)[]
        {
            ("copies in", tile => (tile.Asked, tile.CopiedIn), timeline.CopyInSeconds),
            ("kernels", tile => (tile.CopiedIn, tile.Computed), timeline.KernelSeconds),
            ("copies out", tile => (tile.Computed, tile.CopiedOut), timeline.CopyOutSeconds),
        };
        var body = new SvgText();
        double y = Top;
        foreach (var (name, span, seconds) in lanes)
        {
            int rows = Lane(body, tiles, first, span, time => Left + ((time - from) / (to - from) * Width), y);
            string busy = string.Create(
                CultureInfo.InvariantCulture, $"{100 * seconds / Math.Max(timeline.WallSeconds, 1e-9):0} % of the time");
            body.Text(Left - 10, y + 10, name, "text-anchor=\"end\"");
            body.Text(Left - 10, y + 24, busy, "text-anchor=\"end\" class=\"faint\"");
            y += Math.Max(rows * RowHeight, 26) + LaneGap;
        }

        body.Raw(string.Create(CultureInfo.InvariantCulture, $"<path class=\"rule\" d=\"M{Left} {y - 8:0.##}h{Width}\"/>"));
        body.Text(Left, y + 8, "0", "class=\"faint\"");
        body.Text(Left + Width, y + 8, Milliseconds(to - from), "text-anchor=\"end\" class=\"faint\"");
        double height = y + 24;

        SvgText svg = SvgText.File(Left + Width + 24, height, $"Tiles on {device}");
        svg.Text(16, 28, $"Tiles on {device}", "class=\"heading\"");
        svg.Text(16, 46, Summary(timeline), "class=\"faint\"");
        svg.Text(
            16,
            62,
            $"shown: {tiles.Length} of {timeline.Count} tiles, each with its colour; a bar starts when the step before it ended",
            "class=\"faint\"");
        svg.Raw(body.ToString());
        return svg.End();
    }

    /// <summary>Summarises the times and their overlap in one line.</summary>
    public static string Summary(DeviceTimeline timeline) => string.Create(
        CultureInfo.InvariantCulture,
        $"overlap {timeline.Overlap:0.00} (copies in {Milliseconds(timeline.CopyInSeconds)} + "
        + $"kernels {Milliseconds(timeline.KernelSeconds)} + copies out {Milliseconds(timeline.CopyOutSeconds)}, "
        + $"by {Milliseconds(timeline.WallSeconds)} in all), at most {timeline.MostUnderWay} tiles under way");

    /// <summary>Draws the bars of a lane. Bars that overlap in time are placed in rows below each other.</summary>
    /// <returns>The number of rows.</returns>
    private static int Lane(
        SvgText svg,
        TileTimes[] tiles,
        int first,
        Func<TileTimes, (double From, double To)> span,
        Func<double, double> place,
        double top)
    {
        var ends = new List<double>();
        foreach (int k in Enumerable.Range(0, tiles.Length).OrderBy(k => span(tiles[k]).From))
        {
            var (from, to) = span(tiles[k]);
            int row = ends.FindIndex(end => end <= from);
            if (row < 0)
            {
                row = ends.Count;
                ends.Add(to);
            }

            ends[row] = to;
            svg.Rectangle(
                place(from),
                top + (row * RowHeight),
                Math.Max(0.5, place(to) - place(from)),
                RowHeight - 2,
                $"fill=\"{SeriesColour.Of(first + k)}\"",
                $"tile {first + k}: {Milliseconds(to - from)}");
        }

        return ends.Count;
    }

    private static string Milliseconds(double seconds) =>
        string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:0.###} ms");
}
