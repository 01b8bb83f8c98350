using System.Collections.Immutable;
using DemEngine.Lab.Charts;
using DemEngine.Search.Reports;
using DemEngine.Search.Trials;

namespace DemEngine.Cli.Pictures;

/// <summary>
/// Draws the trials that no other is better than on every set: an upright axis for each set, with the better end at the bottom,
/// and a line across them for each trial. Where two lines cross, one set is paid for with another. All trials are drawn faintly.
/// </summary>
internal static class ParetoPicture
{
    /// <summary>Name of the picture's file.</summary>
    public const string FileName = "pareto.svg";

    private const double Margin = 16;
    private const double Gap = 130;
    private const double Room = 60;
    private const double Height = 260;
    private const double Head = 78;
    private const int MaxFaint = 400;

    /// <summary>Returns the text of the SVG file.</summary>
    /// <param name="objective">Objective of the search.</param>
    /// <param name="front">The front, at least one trial.</param>
    /// <param name="trials">All trials.</param>
    public static string Write(Objective objective, ImmutableArray<ParetoPoint> front, ImmutableArray<Trial> trials)
    {
        string[] sets = [.. front[0].Trial.Scores.Select(score => score.Set)];
        double width = (2 * Margin) + (2 * Room) + ((sets.Length - 1) * Gap);
        SvgText svg = SvgText.File(
            Math.Max(width, 420),
            Head + Height + 40,
            $"{objective.Metric} of {front.Length} recipes on {string.Join(", ", sets)}");
        svg.Text(Margin, 28, "What no other trial is better than on every set", "class=\"heading\"");
        svg.Text(Margin, 46, $"{objective.Metric} on each set, the better end at the bottom", "class=\"faint\"");

        Axis[] axes =
        [
            .. sets.Select(set =>
            {
                double[] values = [.. front.Select(point => point.Trial[set])];
                double room = Math.Max((values.Max() - values.Min()) * 0.05, Math.Abs(values.Max()) * 1e-6);
                (double low, double high) = (values.Min() - room, values.Max() + room);
                return Axis.Exact(set, low, high, 4);
            }),
        ];
        double X(int set) => Margin + Room + (set * Gap);
        double Y(int set, double value)
        {
            double at = axes[set].At(value);
            return Head + (Height * (objective.Metric.HigherIsBetter ? at : 1 - at));
        }

        for (int k = 0; k < sets.Length; k++)
        {
            svg.Raw($"<path class=\"rule\" d=\"M{X(k):0.##} {Head:0.##}v{Height:0.##}\"/>");
            svg.Text(X(k), Head + Height + 20, SvgText.Shorten(sets[k], 18), "text-anchor=\"middle\"", sets[k]);
            foreach (var (value, text) in axes[k].Ticks)
                svg.Text(X(k) - 6, Y(k, value) + 4, text, "text-anchor=\"end\" class=\"faint\"");
        }

        bool IsInside(Trial trial) =>
            trial.Succeeded && sets.Select((set, k) => axes[k].At(trial[set])).All(at => at is >= 0 and <= 1);
        foreach (Trial trial in trials.Where(IsInside).Take(MaxFaint))
            svg.Line(sets.Select((set, k) => (X(k), Y(k, trial[set]))), "class=\"rule\" opacity=\"0.25\"");
        for (int n = 0; n < front.Length; n++)
        {
            Trial trial = front[n].Trial;
            string look = $"fill=\"none\" stroke-width=\"1.8\" stroke=\"{SeriesColour.Of(n)}\"";
            svg.Line(sets.Select((set, k) => (X(k), Y(k, trial[set]))), look);
            for (int k = 0; k < sets.Length; k++)
            {
                double value = trial[sets[k]];
                Series.Mark(svg, n, X(k), Y(k, value), 3.4, "", $"trial {trial.Number}: {sets[k]} {value:0.######}");
            }
        }

        return svg.End();
    }
}
