using DemEngine.Lab.Charts;

namespace DemEngine.Cli.Pictures;

/// <summary>
/// Draws a training's losses over its steps as a picture in SVG: the mean of the batches' losses over a few steps, and the
/// validation loss with a mark at its minimum. The file needs no font and follows the viewer's light or dark setting.
/// </summary>
internal static class LearningCurve
{
    private const double Width = 640;
    private const double Height = 320;
    private const double Legend = 24;
    private const int Points = 160;

    private const string Style = """
        <style>
        .title { font-size: 12.5px; font-weight: 600; }
        .grid { stroke: #d1d9e0; stroke-width: .6; fill: none; }
        .axis { stroke: #59636e; fill: none; }
        @media (prefers-color-scheme: dark) {
        .grid { stroke: #3d444d; }
        .axis { stroke: #9198a1; }
        }
        </style>
        """;

    /// <summary>Draws the lines of a log.</summary>
    public static string Draw(IEnumerable<string> lines)
    {
        TrainingLosses losses = TrainingLosses.Of(lines);
        (double Step, double Loss)[] means = losses.Means(Points);
        IReadOnlyList<(double Step, double Loss)> validations = losses.Validation;
        var plot = new Plot(
            "Loss over the steps of training",
            Axis.Linear("step", means.Concat(validations).Select(one => one.Step), "0.#"),
            Axis.Linear("loss, nats a token", means.Concat(validations).Select(one => one.Loss), "0.###"),
            Width,
            Height);
        Line(plot, 0, means);
        Line(plot, 1, [.. validations]);
        foreach (var (step, loss) in validations)
        {
            bool isBest = loss == validations.Min(one => one.Loss);
            Series.Mark(
                plot.Svg,
                1,
                plot.PlaceX(step),
                plot.PlaceY(loss),
                isBest ? 5 : 2.4,
                "",
                FormattableString.Invariant($"step {step:0}: validation loss {loss:0.0000}{(isBest ? ", the least" : "")}"));
        }

        var svg = SvgText.File(Width, Height + Legend, "Loss over the steps of training", Style);
        svg.Raw(plot.End().ToString());
        foreach (var (name, k) in new[] { "training, as it went", "validation" }.Select((name, k) => (name, k)))
        {
            Series.Mark(svg, k, 60 + (k * 180), Height + 8, 4);
            svg.Text(70 + (k * 180), Height + 12, name);
        }

        return svg.End();
    }

    private static void Line(Plot plot, int series, (double Step, double Loss)[] points) => plot.Svg.Line(
        points.Select(point => (plot.PlaceX(point.Step), plot.PlaceY(point.Loss))),
        $"fill=\"none\" stroke-width=\"1.6\" stroke=\"{SeriesColour.Of(series)}\"");
}
