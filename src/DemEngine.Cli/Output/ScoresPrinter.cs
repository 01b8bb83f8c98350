using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Evaluation;

namespace DemEngine.Cli.Output;

/// <summary>Prints <see cref="ModelScores"/> as a table or as JSON.</summary>
internal static class ScoresPrinter
{
    public static void PrintText(string model, ModelScores scores, IEnumerable<string> data)
    {
        string[] metrics = [.. scores.Scores.Select(score => score.Metric.Name).Distinct()];
        TablePrinter.Print(
            ["data", .. metrics.Select(name => $" {name}")],
            scores.Scores
                .GroupBy(score => score.Set)
                .Select(set => metrics
                    .Select(name => set.FirstOrDefault(score => score.Metric.Name == name) is { } score ? Show(score) : "")
                    .Prepend(set.Key)));
        Console.Out.WriteLine();
        foreach (string line in data)
            Console.Out.WriteLine(line);
        Console.Out.WriteLine(scores.Tokens > 0
            ? $"{Printable.Text(model)}: {Counted.Of(scores.Tokens, "token")} in {scores.Seconds:0.00} s"
            : $"{Printable.Text(model)}: {scores.Seconds:0.00} s");
    }

    public static void PrintJson(string model, ModelScores scores)
    {
        var sets = new JsonObject();
        foreach (IGrouping<string, Score> set in scores.Scores.GroupBy(score => score.Set))
            sets[set.Key] = new JsonObject(
                set.Select(score => KeyValuePair.Create(score.Metric.Name, JsonValues.Of(score.Value))));
        var errors = new JsonObject();
        IEnumerable<Score> withError = scores.Scores.Where(score => score.StandardError is not null);
        foreach (IGrouping<string, Score> set in withError.GroupBy(score => score.Set))
            errors[set.Key] = new JsonObject(
                set.Select(score => KeyValuePair.Create(score.Metric.Name, JsonValues.Of(score.StandardError!.Value))));
        Console.Out.WriteLine(new JsonObject
        {
            ["model"] = model,
            ["data"] = sets,
            ["standard_errors"] = errors.Count > 0 ? errors : null,
            ["tokens"] = scores.Tokens,
            ["seconds"] = scores.Seconds,
        }.ToJsonString());
    }

    private static string Show(Score score) => score.Metric.Name switch
    {
        "exact-match" or "choice-accuracy" => $"{score.Value:0.0%}",
        "perplexity" => $"{score.Value:0.000}",
        _ when score.StandardError is { } error => $"{score.Value:0.0000} ± {error:0.0000}",
        _ => $"{score.Value:0.0000}",
    };
}
