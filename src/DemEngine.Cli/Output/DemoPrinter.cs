using System.Globalization;
using System.Text.Json.Nodes;
using DemEngine.Cli.Formatting;
using DemEngine.Errors;
using DemEngine.Lab.Demonstration;
using DemEngine.Lab.Experiment.Report;
using DemEngine.Lab.Experiment.Results;
using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>Prints the results of a demonstration, and suggestions of what to try next.</summary>
internal static class DemoPrinter
{
    public static void Print(DemoReport report, TimeSpan elapsed)
    {
        IAnsiConsole console = OutputConsole.Create();
        ExperimentResults results = report.Experiment.Results;
        foreach (ResultTable scene in results.Life)
            PrintScene(console, results, scene);

        MethodRun built = results.Tables[0].Rows.Last(row => row.Kind == MethodKind.Dem).Runs[0];
        Prose.Print(
            "right: exact matches on test exercises, which nothing was chosen on. Operations: 6 a weight and trained token, 2 a "
            + "weight and evaluated token; the models were trained beforehand, and everything else was done just now.");
        Prose.Print($"coefficients of the family as it is built: {built.Chosen}");
        Prose.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"merged with them: {Printable.Text(report.Merged)}, {Counted.Of(report.Verified, "tensor")} read back, "
            + $"each as the manifest says"));

        Heading(console, "Try next");
        string models = Path.Combine(report.Folder, "experiment", "seed-1", "models");
        string data = Path.Combine(report.Folder, "experiment", "data", "test");
        string sets = string.Join(' ', results.Sources
            .Take(2)
            .Select(source => $"{source.Name}={ShellWord.Of(Path.Combine(data, source.Name + ".jsonl"))}"));
        Console.Out.WriteLine(
            "# with other coefficients: edit the recipe, then\ndem merge "
            + $"{ShellWord.Of(report.Experiment.RecipeFile)} --out {ShellWord.Of(Path.Combine(report.Folder, "again"))}");
        Console.Out.WriteLine(
            $"# how well a model does\ndem eval --model {ShellWord.Of(report.Merged)} --data {sets} --metric exact-match");
        Console.Out.WriteLine(
            $"# how far the models lie apart\ndem distance --base {ShellWord.Of(Path.Combine(models, "base"))}"
            + " "
            + $"{string.Join(' ', results.Sources.Take(2).Select(source => ShellWord.Of(Path.Combine(models, source.Name))))}");
        Console.Out.WriteLine("# how fast this machine merges\ndem bench --shape llama-160m");
        if (Verdict.Of(results) is { } verdict)
        {
            Heading(console, "What DEM bought, and at which cost");
            Prose.Print(verdict);
        }

        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"done in {elapsed.TotalSeconds:0.0} s; the report, with figures:"));
        Console.Out.WriteLine(Printable.Text(report.Experiment.ReportFile));
    }

    public static JsonObject ToJson(DemoReport report)
    {
        JsonObject json = ExperimentPrinter.ToJson(report.Experiment);
        json["folder"] = report.Folder;
        json["recipe"] = report.Experiment.RecipeFile;
        json["merged"] = report.Merged;
        json["verified"] = report.Verified;
        return json;
    }

    /// <summary>Prints an event of the family's life: one line for DEM and one for mixing.</summary>
    private static void PrintScene(IAnsiConsole console, ExperimentResults results, ResultTable scene)
    {
        Heading(console, $"{scene.Name}: {scene.Note}");
        string[] kept =
        [
            .. results.Sources.Where(source => source.Role.StartsWith("kept", StringComparison.Ordinal))
                .Select(source => source.Name),
        ];
        string[] beside = [.. scene.Columns.Skip(scene.Averaged).Except(kept)];
        TablePrinter.Print(
            ["", " right, mean, %", .. beside.Select(column => $" {column}, %"), " kept, %", " operations"],
            scene.Rows.Select(row =>
            {
                MethodRun run = row.Runs[0];
                double Of(string column) => run.ExactMatch[scene.Columns.IndexOf(column)];
                string[] cells =
                [
                    row.Name,
                    Percent(run.ExactMatch.Take(scene.Averaged).Average()),
                    .. beside.Select(column => Percent(Of(column))),
                    Percent(kept.Select(Of).Average()),
                    LifeTable.Operations(run.Cost.Flops(results.Parameters)),
                ];
                return cells;
            }));
        Console.Out.WriteLine();
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0}");

    private static void Heading(IAnsiConsole console, string text)
    {
        console.WriteLine();
        console.Write(new Text(text, new Style(decoration: Decoration.Bold)));
        console.WriteLine();
    }
}
