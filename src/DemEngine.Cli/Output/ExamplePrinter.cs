using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Errors;

namespace DemEngine.Cli.Output;

/// <summary>Prints which example models were made.</summary>
internal static class ExamplePrinter
{
    public static void PrintText(string folder, int recipes, IReadOnlyList<string> models)
    {
        string made = $"{Counted.Of(models.Count, "model")} for {Counted.Of(recipes, "recipe")}";
        Console.Out.WriteLine($"{made} in {Printable.Text(folder)}. For example:");
        Console.Out.WriteLine($"dem merge {Printable.Text(ShellWord.Of(Path.Combine(folder, "ties.yaml")))} --out merged");
    }

    public static void PrintJson(string folder, IReadOnlyList<string> recipes, IReadOnlyList<string> models) =>
        Console.Out.WriteLine(new JsonObject
        {
            ["folder"] = folder,
            ["recipes"] = JsonValues.Of(recipes),
            ["models"] = JsonValues.Of(models),
        }.ToJsonString());
}
