using System.Globalization;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Report;

/// <summary>What an experiment showed, in one sentence: what DEM bought, and at which cost.</summary>
internal static class Verdict
{
    /// <summary>Says it of the main table; null if that has no base or no merge with searched coefficients.</summary>
    public static string? Of(ExperimentResults results)
    {
        if (results.Tables.FirstOrDefault() is not { } table)
            return null;
        MethodResult? start = table.Rows.FirstOrDefault(row => row.Kind == MethodKind.Base);
        MethodResult? dem = table.Rows.LastOrDefault(row => row.Kind == MethodKind.Dem);
        if (start is null || dem is null)
            return null;

        double[] Means(MethodResult row) => [.. row.Runs.Select(run => run.ExactMatch.Take(table.Averaged).Average())];
        double Mean(MethodResult row) => Means(row).Average();
        double Cost(MethodResult row) => row.Runs.Average(run => run.Cost.Flops(results.Parameters));
        MethodResult? Best(MethodKind kind) => table.Rows.Where(row => row.Kind == kind).MaxBy(Mean);

        MethodResult? mixed = Best(MethodKind.Mixing);
        int exercises = table.Columns.Take(table.Averaged)
            .Sum(name => results.Sources.FirstOrDefault(source => source.Name == name)?.TestExamples ?? 0);
        double error = ColumnLead.StandardError(Means(dem), exercises);
        double ofStart = ColumnLead.StandardError(Means(start), exercises);
        bool isChance = Math.Abs(Mean(dem) - Mean(start)) <= Math.Sqrt((error * error) + (ofStart * ofStart));
        string compared = string.Join("; ", new[]
        {
            $"base {Percent(Mean(start))}" + (isChance ? ", no further away than chance explains" : ""),
            Best(MethodKind.FineTune) is { } tuned ? $"best model tuned on one source {Percent(Mean(tuned))}" : null,
            Best(MethodKind.FixedMerge) is { } average ? $"plain average {Percent(Mean(average))}" : null,
            mixed is null ? null : $"best mixture {Percent(Mean(mixed))}",
        }.OfType<string>());
        string cost = mixed is null
            ? string.Create(CultureInfo.InvariantCulture, $"for {Cost(dem):0.0e0} operations")
            : $"for {Times(Cost(dem), Cost(mixed))} operations of that mixture"
                + (mixed == table.Rows.Last(row => row.Kind == MethodKind.Mixing)
                    ? ", the search for its proportions included" : "");
        return $"DEM with a coefficient for each source answers {Percent(Mean(dem))} ± {Percent(error)} % of the test exercises "
            + $"right, the mean of {table.Averaged} sources ({compared}), {cost}{Added(results)}.";
    }

    /// <summary>What a source that is added costs, by the last table.</summary>
    private static string Added(ExperimentResults results)
    {
        if (results.Tables is not [_, .., var table])
            return "";
        MethodResult? merged = table.Rows.FirstOrDefault(row => row.Kind == MethodKind.Dem);
        MethodResult? mixed = table.Rows.LastOrDefault(row => row.Kind == MethodKind.Mixing);
        double Cost(MethodResult row) => row.Runs.Average(run => run.Cost.Flops(results.Parameters));
        return merged is null || mixed is null || Cost(mixed) <= 0
            ? ""
            : $"; one source more took {Times(Cost(merged), Cost(mixed))} operations of training the larger mixture";
    }

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Times(double dem, double mixing) => mixing <= 0
        ? "more than the"
        : string.Create(CultureInfo.InvariantCulture, $"{dem / mixing:0.0} times the");
}
