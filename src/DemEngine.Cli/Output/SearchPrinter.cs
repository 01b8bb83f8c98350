using System.Globalization;
using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Search;
using DemEngine.Search.Reports;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Cli.Output;

/// <summary>Prints a <see cref="SearchReport"/> as tables or as JSON.</summary>
internal static class SearchPrinter
{
    private const int MostFailed = 5;

    public static void PrintText(SearchReport report, string picture)
    {
        string[] sets = [.. report.Best.Scores.Select(score => score.Set)];
        TablePrinter.Print(
            [
                "",
                .. report.Map.Sources.Select(source => $" {source}"),
                .. sets.Select(set => $" {report.Objective.Metric} {set}"),
                $" {ObjectiveName(report)}",
            ],
            report.Comparisons
                .Select(one => (one.Name, one.Trial))
                .Append(("best", report.Best))
                .Select(row => Row(row.Item1, row.Item2, sets)));

        if (report.Sensitivity.Length > 0)
            PrintSensitivity(report);
        if (report.Conflicts is { } conflicts)
            PrintConflicts(report, conflicts, sets);

        if (report.Pareto.Length > 0)
            PrintFront(report, sets);

        Console.Out.WriteLine();
        Prose.Print(Invariant(
            $"{report.Strategy}: {Counted.Of(report.Asked, "trial")}, {Ending(report.End)}; {Evaluated(report)} ")
            + Invariant($"in {report.Seconds:0.0} s by {Printable.Text(report.EvaluatorDescription)}"));
        if (report.TrialSeconds > 0)
            Console.Out.WriteLine(Invariant($"merging took {report.MergeSeconds / report.TrialSeconds:0.0%} of that"));
        if (report.Failed > 0)
            PrintFailed(report);
        Console.Out.WriteLine(Printable.Text(picture));
        Console.Out.WriteLine(Printable.Text(report.Recipe));
    }

    public static void PrintJson(SearchReport report, string picture) => Console.Out.WriteLine(new JsonObject
    {
        ["recipe"] = report.Recipe,
        ["picture"] = picture,
        ["trials"] = report.TrialLog,
        ["strategy"] = report.Strategy,
        ["end"] = report.End.ToString().ToLowerInvariant(),
        ["asked"] = report.Asked,
        ["evaluated"] = report.Evaluated,
        ["evaluated_to_compare"] = report.EvaluatedBeside,
        ["failed"] = report.Failed,
        ["metric"] = report.Objective.Metric.Name,
        ["objective_kind"] = report.Objective.Name,
        ["best"] = ToJson(report, report.Best),
        ["comparisons"] = new JsonObject(report.Comparisons.Select(
            one => KeyValuePair.Create(one.Name, (JsonNode?)ToJson(report, one.Trial)))),
        ["sensitivity"] = report.Sensitivity.Length == 0
            ? null
            : new JsonArray([.. report.Sensitivity.Select(one => ToJson(one))]),
        ["conflicts"] = report.Conflicts is { } conflicts ? ToJson(report, conflicts) : null,
        ["pareto"] = report.Pareto.IsEmpty
            ? null
            : new JsonArray([.. report.Pareto.Select(point =>
            {
                JsonObject json = ToJson(report, point.Trial);
                json["recipe"] = point.Recipe;
                return json;
            })]),
        ["seconds"] = report.Seconds,
        ["trial_seconds"] = report.TrialSeconds,
        ["merge_seconds"] = report.MergeSeconds,
    }.ToJsonString());

    private static string Evaluated(SearchReport report)
    {
        string now = Invariant($"{report.Evaluated - report.EvaluatedBeside} of them evaluated now");
        return report.EvaluatedBeside switch
        {
            0 => now,
            1 => $"{now}, and 1 more to compare with,",
            _ => Invariant($"{now}, and {report.EvaluatedBeside} more to compare with,"),
        };
    }

    private static void PrintFailed(SearchReport report)
    {
        Trial[] failed = [.. report.Trials.Where(trial => !trial.Succeeded)];
        Prose.Print($"warning: {Counted.Of(failed.Length, "trial")} failed, "
            + $"and counted for nothing; {report.TrialLog} has all errors");
        foreach (Trial trial in failed.Take(MostFailed))
        {
            string at = string.Join(", ", report.Map.Sources.Zip(
                trial.Coefficients.BySource, (source, values) => $"{source} {string.Join('/', values.Select(Number))}"));
            Prose.Print($"  trial {trial.Number} ({at}): {Printable.Text(trial.Error!)}");
        }
    }

    private static void PrintSensitivity(SearchReport report)
    {
        Console.Out.WriteLine();
        Prose.Print(
            $"{ObjectiveName(report)}"
            + " as one coefficient moves by its step, and the way in which each set alone would move it");
        Console.Out.WriteLine();
        TablePrinter.Print(
            [
                "coefficient",
                " best",
                " −2",
                " −1",
                " 0",
                " +1",
                " +2",
                " curvature",
                .. report.Best.Scores.Select(score => $" {score.Set}"),
            ],
            report.Sensitivity.Select((one, d) => new[] { one.Dimension, Number(one.Best) }
                .Concat(Enumerable.Range(-2, 5).Select(
                    offset => StepAt(one, report.Map.Space.Dimensions[d].Range.Step * offset)))
                .Append(one.Objective is { } fit ? Invariant($"{fit.Curvature:g3}") : "")
                .Concat(one.Sets.Select(set => Wish(report.Objective.Metric.HigherIsBetter, set.Fit)))));
    }

    private static void PrintFront(SearchReport report, string[] sets)
    {
        Console.Out.WriteLine();
        Console.Out.WriteLine("What no other trial is better than on every set");
        Console.Out.WriteLine();
        TablePrinter.Print(
            [
                "recipe",
                .. report.Map.Sources.Select(source => $" {source}"),
                .. sets.Select(set => $" {report.Objective.Metric} {set}"),
                $" {ObjectiveName(report)}",
            ],
            report.Pareto.Select(point => Row(Path.GetRelativePath(report.Folder, point.Recipe), point.Trial, sets)));
    }

    private static void PrintConflicts(SearchReport report, ConflictReport conflicts, string[] sets)
    {
        Console.Out.WriteLine();
        Console.Out.WriteLine($"Each source alone with its best coefficient, every two, and all: {report.Objective.Metric}");
        Console.Out.WriteLine();
        IEnumerable<string> Scores(string name, string cosine, string signs, Trial trial) =>
            [name, cosine, signs, .. sets.Select(set => Number(trial[set])), Number(trial.Objective)];
        TablePrinter.Print(
            ["sources", " cosine", " opposed", .. sets.Select(set => $" {set}"), $" {ObjectiveName(report)}"],
            [
                Scores("none", "", "", conflicts.Base),
                .. conflicts.Alone.Select(one => Scores(one.Source, "", "", one.Trial)),
                .. conflicts.Pairs.Select(pair => Scores(
                    $"{pair.First} + {pair.Second}",
                    Invariant($"{pair.Cosine:0.000;-0.000;0.000}"),
                    Invariant($"{pair.Signs.CancelledShare:0.0%}"),
                    pair.Together)),
                Scores("all", "", "", conflicts.All),
            ]);
        Prose.Print(
            "opposed: of what two vectors change alike in size, the share with opposite signs; "
            + "50 % for vectors that have nothing to do with each other");
    }

    private static IEnumerable<string> Row(string name, Trial trial, string[] sets) =>
        [
            name,
            .. trial.Coefficients.BySource.Select(values => string.Join('/', values.Select(Number))),
            .. sets.Select(set => Number(trial[set])),
            Number(trial.Objective),
        ];

    private static string StepAt(CoefficientSensitivity one, double offset)
    {
        foreach (var (value, trial) in one.Steps)
        {
            if (Math.Abs(value - one.Best - offset) < SearchPoint.Resolution)
                return Number(trial.Objective);
        }

        return "";
    }

    private static string Wish(bool higherIsBetter, Parabola? fit) =>
        fit is null || fit.Slope == 0 ? "" : fit.Slope > 0 == higherIsBetter ? "up" : "down";

    private static string ObjectiveName(SearchReport report) =>
        report.Best.Scores.Length == 1
            ? "objective"
            : report.Objective.Kind == ObjectiveKind.Weighted
                ? "weighted mean"
                : report.Objective.Name;

    private static string Ending(SearchEnd end) => end switch
    {
        SearchEnd.Complete => "complete",
        SearchEnd.Trials => "all that were allowed",
        _ => "until the time was over",
    };

    private static string Number(double value) =>
        double.IsNaN(value) ? "failed" : value.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static JsonObject ToJson(SearchReport report, Trial trial) => new()
    {
        ["coefficients"] = new JsonObject(report.Map.Sources.Zip(
            trial.Coefficients.BySource,
            (source, values) => KeyValuePair.Create(
                source, values.Length == 1 ? (JsonNode?)JsonValue.Create(values[0]) : JsonValues.Of(values)))),
        ["metrics"] = new JsonObject(
            trial.Scores.Select(score => KeyValuePair.Create(score.Set, JsonValues.Of(score.Value)))),
        ["objective"] = JsonValues.Of(trial.Objective),
        ["error"] = trial.Error,
    };

    private static JsonObject ToJson(CoefficientSensitivity one) => new()
    {
        ["coefficient"] = one.Dimension,
        ["best"] = one.Best,
        ["values"] = JsonValues.Of(one.Steps.Select(step => step.Value)),
        ["objective"] = JsonValues.Of(one.Steps.Select(step => step.Trial.Objective)),
        ["slope"] = one.Objective is { } fit ? JsonValues.Of(fit.Slope) : null,
        ["curvature"] = one.Objective is { } same ? JsonValues.Of(same.Curvature) : null,
        ["sets"] = new JsonObject(one.Sets.Select(set => KeyValuePair.Create(set.Set, set.Fit is { } own
            ? (JsonNode?)new JsonObject { ["slope"] = JsonValues.Of(own.Slope), ["curvature"] = JsonValues.Of(own.Curvature) }
            : null))),
    };

    private static JsonObject ToJson(SearchReport report, ConflictReport conflicts) => new()
    {
        ["base"] = ToJson(report, conflicts.Base),
        ["alone"] = new JsonObject(conflicts.Alone.Select(
            one => KeyValuePair.Create(one.Source, (JsonNode?)ToJson(report, one.Trial)))),
        ["pairs"] = new JsonArray([.. conflicts.Pairs.Select(pair => new JsonObject
        {
            ["sources"] = new JsonArray(pair.First, pair.Second),
            ["cosine"] = JsonValues.Of(pair.Cosine),
            ["opposed_share"] = JsonValues.Of(pair.Signs.OpposedShare),
            ["cancelled_share"] = JsonValues.Of(pair.Signs.CancelledShare),
            ["together"] = ToJson(report, pair.Together),
        })]),
    };
}
