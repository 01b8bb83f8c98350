using System.Globalization;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Report;

/// <summary>What an experiment showed, in a few sentences: quality as the family is built, and cost as it changes.</summary>
internal static class Verdict
{
    /// <summary>Says it; null if there is no merge with searched coefficients, or no mixture.</summary>
    public static string? Of(ExperimentResults results)
    {
        if (results.Tables.FirstOrDefault() is not { } table)
            return null;
        MethodResult? start = table.Rows.FirstOrDefault(row => row.Kind == MethodKind.Base);
        MethodResult? dem = table.Rows.LastOrDefault(row => row.Kind == MethodKind.Dem);
        MethodResult? mixed = table.Rows.FirstOrDefault(row => row.Name == "mixing, equal shares");
        if (start is null || dem is null || mixed is null)
            return null;

        double[] Means(MethodResult row) =>
            [.. row.Runs.Select(run => run.ExactMatch.Take(table.Averaged).Average())];
        double Cost(MethodResult row) => row.Runs.Average(run => run.Cost.Flops(results.Parameters));
        MethodResult? average = table.Rows.FirstOrDefault(row => row.Kind == MethodKind.FixedMerge);
        string spread = results.Seeds.Length > 1 ? $" ± {Percent(Spread.Of(Means(dem)).Deviation)}" : "";
        string mixedSpread = results.Seeds.Length > 1 ? $" ± {Percent(Spread.Of(Means(mixed)).Deviation)}" : "";
        return $"As it is built, DEM answers {Percent(Means(dem).Average())}{spread} % of the test exercises right, one mixture "
            + $"of equal tokens {Percent(Means(mixed).Average())}{mixedSpread} %, the base {Percent(Means(start).Average())} %"
            + (average is null ? "" : $" and the plain average {Percent(Means(average).Average())} %")
            + $"; DEM took {Times(Cost(dem), Cost(mixed))} the operations.{Changes(results)}";
    }

    private static string Changes(ExperimentResults results)
    {
        if (results.Life.Length < 2)
            return "";
        double Of(ResultTable table, string name) => table.Rows.FirstOrDefault(row => row.Name == name) is { } row
            ? row.Runs.Average(run => run.Cost.Flops(results.Parameters))
            : double.NaN;
        double Sum(string name) => results.Life.Sum(table => Of(table, name));
        string changes = string.Join(", ", results.Life.Skip(1).Select(table =>
            $"{table.Name} {Times(Of(table, "DEM"), Of(table, "mixing, trained again"))}"));
        string continued = double.IsNaN(Sum("mixing, continued"))
            ? ""
            : $" and {Times(Sum("DEM"), Sum("mixing, continued"))} of mixing that is continued";
        return $" What changed later took, of the operations of mixing that is trained again: {changes}. Over its whole life the "
            + $"family took {Times(Sum("DEM"), Sum("mixing, trained again"))} of those{continued}.";
    }

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Times(double dem, double mixing) => mixing > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{dem / mixing:0.00} times")
        : "more than";
}
