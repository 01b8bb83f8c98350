using System.Globalization;
using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Cli.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Search;
using DemEngine.Search.Trials;

namespace DemEngine.Cli.Output;

/// <summary>Prints what a search answers when it is asked for trials, or told of one.</summary>
internal static class TurnPrinter
{
    /// <summary>Prints trials, which are for programs: as JSON, whether that is asked for or not.</summary>
    /// <param name="answer">The trials.</param>
    /// <param name="json">Whether what is printed becomes a part of the one object of <c>--json</c>.</param>
    public static void Print(AskAnswer answer, bool json)
    {
        string text = TextOf(answer);
        if (json)
            Console.Out.WriteLine(text);
        else
            JsonResult.Write(Console.Out, text, null);
    }

    private static string TextOf(AskAnswer answer) => new JsonObject
    {
        ["trials"] = new JsonArray([.. answer.Trials.Select(one => new JsonObject
        {
            ["trial"] = one.Trial.Number,
            ["recipe"] = one.RecipeFile,
            ["coefficients"] = new JsonObject(answer.Sources.Zip(
                one.Trial.Coefficients.BySource,
                (source, values) => KeyValuePair.Create(
                    source, values.Length == 1 ? (JsonNode?)JsonValue.Create(values[0]) : JsonValues.Of(values)))),
            ["told"] = one.Told is { } told
                ? new JsonObject(told.Scores.Select(score => KeyValuePair.Create(score.Set, JsonValues.Of(score.Value))))
                : null,
        })]),
        ["outstanding"] = answer.Outstanding,
        ["waits"] = answer.Waits,
        ["complete"] = answer.IsComplete,
    }.ToJsonString();

    public static void Print(TellAnswer answer)
    {
        Console.Out.WriteLine(answer.Trial.Succeeded
            ? $"trial {answer.Trial.Number}: {Value(answer.Objective, answer.Trial)}"
            : $"trial {answer.Trial.Number} failed: {Printable.Text(answer.Trial.Error!)}");
        if (answer.Best is { } best)
            Console.Out.WriteLine($"best so far: trial {best.Number}, {Value(answer.Objective, best)}");
        if (answer.RecipeFile is { } recipe)
            Console.Out.WriteLine(Printable.Text(recipe));
    }

    public static void PrintJson(TellAnswer answer) => Console.Out.WriteLine(new JsonObject
    {
        ["trial"] = answer.Trial.Number,
        ["objective"] = JsonValues.Of(answer.Trial.Objective),
        ["error"] = answer.Trial.Error,
        ["best_trial"] = answer.Best?.Number,
        ["best_objective"] = answer.Best is { } best ? JsonValues.Of(best.Objective) : null,
        ["recipe"] = answer.RecipeFile,
    }.ToJsonString());

    private static string Value(Objective objective, Trial trial) =>
        string.Create(CultureInfo.InvariantCulture, $"{Printable.Text(objective.Metric.Name)} {trial.Objective:0.######}");
}
