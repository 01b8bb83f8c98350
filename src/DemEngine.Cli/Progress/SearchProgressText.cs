using System.Globalization;
using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Evaluation;
using DemEngine.Search;
using DemEngine.Search.Trials;

namespace DemEngine.Cli.Progress;

/// <summary>Formats the progress of a search: the number of trials, and the best so far.</summary>
internal static class SearchProgressText
{
    public static ProgressText<SearchProgress> Text(Metric metric) => new(
        (progress, _) =>
        {
            string of = progress.Total is { } total ? $" of {total}" : "";
            string left = progress.Total is { } all && progress.Done > 0
                ? $", {RunProgressText.Left(TimeSpan.FromSeconds(progress.Seconds / progress.Done * (all - progress.Done)))}"
                : "";
            string best = progress.Best is { } trial ? $", best {metric} {Show(trial)}" : "";
            return $"{progress.Phase}: {progress.Done}{of} trials{best}{left}";
        },
        progress => progress.Total is { } total ? (double)progress.Done / total : 0)
    {
        Members = (progress, _) => new JsonObject
        {
            ["phase"] = progress.Phase,
            ["trials_done"] = progress.Done,
            ["trials_total"] = progress.Total,
            ["best"] = progress.Best is { } best ? JsonValues.Of(best.Objective) : null,
        },
    };

    private static string Show(Trial trial) => string.Create(
        CultureInfo.InvariantCulture,
        $"{trial.Objective:0.0000} at {string.Join(", ", trial.Coefficients.BySource.Select(values => Values(values)))}");

    private static string Values(IReadOnlyList<double> values) =>
        string.Join('/', values.Select(value => value.ToString("0.###", CultureInfo.InvariantCulture)));
}
