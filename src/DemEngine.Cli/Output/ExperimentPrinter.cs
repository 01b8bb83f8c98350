using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Progress;
using DemEngine.Lab.Experiment.Report;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Running;

namespace DemEngine.Cli.Output;

/// <summary>Prints the results of an experiment: its tables of exact matches, or the paths of its files as JSON.</summary>
internal static class ExperimentPrinter
{
    public static ProgressText<ExperimentProgress> Progress { get; } = new(
        (progress, _) => progress.Detail == "" ? progress.Stage : $"{progress.Stage}: {progress.Detail}",
        progress => progress.Share);

    public static void Print(ExperimentReport report, bool quiet, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(ToJson(report).ToJsonString());
        }
        else if (!quiet)
        {
            foreach (ResultTable table in report.Results.Tables)
            {
                Console.Out.WriteLine(table.Name);
                PrintTable(table);
            }

            Console.Out.WriteLine("The life of the family");
            PrintLife(report.Results);
            if (Verdict.Of(report.Results) is { } verdict)
            {
                Prose.Print(verdict);
                Console.Out.WriteLine();
            }

            Console.Out.WriteLine($"all of it, with figures: {Printable.Text(report.ReportFile)}");
        }
    }

    /// <summary>Gives the paths of the results and the report, and for each method the mean over sources and seeds.</summary>
    public static JsonObject ToJson(ExperimentReport report) => new()
    {
        ["results"] = report.ResultsFile,
        ["report"] = report.ReportFile,
        ["tables"] = new JsonArray([.. report.Results.Tables.Select(table => (JsonNode)ToJson(table))]),
        ["life"] = new JsonArray([.. report.Results.Life.Select(table => (JsonNode)ToJson(table))]),
    };

    /// <summary>Prints the percentage of right answers of each method on each source.</summary>
    public static void PrintTable(ResultTable table)
    {
        int seeds = table.Rows[0].Runs.Length;
        TablePrinter.Print(
            [
                seeds == 1 ? "exact match, %" : $"exact match, % of {seeds} seeds",
                .. table.Columns.Select(column => $" {column}"),
                " mean",
            ],
            table.Rows.Select(row => table.Columns
                .Select((_, c) => Percent(row.Runs.Average(run => run.ExactMatch[c])))
                .Append(Percent(row.Runs.Average(run => run.ExactMatch.Take(table.Averaged).Average())))
                .Prepend(row.Name)));
        Console.Out.WriteLine();
    }

    /// <summary>Prints for each event the right answers and the operations of each method, and the operations so far.</summary>
    public static void PrintLife(ExperimentResults results)
    {
        var total = new Dictionary<string, double>();
        TablePrinter.Print(
            ["event", "", " right, %", " operations", " so far"],
            results.Life.SelectMany(table => table.Rows.Where(row => row.Kind != MethodKind.Base).Select((row, k) =>
            {
                double cost = row.Runs.Average(run => run.Cost.Flops(results.Parameters));
                double all = total[row.Name] = total.GetValueOrDefault(row.Name) + cost;
                return new[]
                {
                    k == 0 ? table.Name : "",
                    row.Name,
                    Percent(row.Runs.Average(run => run.ExactMatch.Take(table.Averaged).Average())),
                    LifeTable.Operations(cost),
                    LifeTable.Operations(all),
                };
            })));
        Console.Out.WriteLine();
    }

    private static JsonObject ToJson(ResultTable table) => new()
    {
        ["name"] = table.Name,
        ["rows"] = new JsonObject(table.Rows.Select(row => KeyValuePair.Create(
            row.Name, (JsonNode?)JsonValues.Of(row.Runs.Average(run => run.ExactMatch.Take(table.Averaged).Average()))))),
    };

    private static string Percent(double share) => $"{100 * share:0.0}";
}
