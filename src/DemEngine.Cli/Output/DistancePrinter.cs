using DemEngine.Analysis;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;

namespace DemEngine.Cli.Output;

/// <summary>Prints <see cref="LayerDistances"/> as tables or as JSON.</summary>
internal static class DistancePrinter
{
    public static void PrintText(LayerDistances distances)
    {
        Console.Out.WriteLine($"base {Printable.Text(distances.Base)}");
        Prose.Print("For each layer and model: distance ‖Δ‖, the same over the model's largest, relative change ‖Δ‖/‖Θ‖");
        Console.Out.WriteLine();
        PrintLayers(distances);
        Console.Out.WriteLine();
        Console.Out.WriteLine("Cosine between the models' Δ");
        Console.Out.WriteLine();
        PrintCosines(distances);

        if (distances.IgnoredTensors > 0)
            Prose.Print($"note: {Counted.Of(distances.IgnoredTensors, "tensor")} without floating-point numbers left out");
        foreach (string remark in distances.Remarks)
            Prose.Print($"note: {Printable.Text(remark)}");
        foreach (string tensor in distances.NonFiniteTensors)
            Prose.Print($"warning: {Printable.Text(tensor)}: infinities or NaNs");
    }

    public static void PrintJson(LayerDistances distances) =>
        Console.Out.WriteLine(DistanceAnswer.Of(distances).ToJsonString());

    /// <summary>Prints one table for all models, or on a terminal that is too narrow for it, one for each.</summary>
    private static void PrintLayers(LayerDistances distances)
    {
        int[] all = [.. Enumerable.Range(0, distances.Models.Length)];
        string[] headings = ["layer", .. distances.Models.SelectMany(model => new[] { $" {model.Label}", " /max", " change" })];
        if (OutputConsole.TerminalWidth is not { } width || TablePrinter.Fits(width, headings, Rows(distances, all)))
        {
            TablePrinter.Print(headings, Rows(distances, all));
            return;
        }

        foreach (int model in all)
        {
            Console.Out.WriteLine(Printable.Text(distances.Models[model].Label));
            TablePrinter.Print(["layer", " distance", " /max", " change"], Rows(distances, [model]));
        }
    }

    /// <summary>Prints the matrix of cosines, or on a terminal that is too narrow for it, a line for each pair.</summary>
    private static void PrintCosines(LayerDistances distances)
    {
        string[] headings = ["", .. distances.Models.Select(model => $" {model.Label}")];
        string[][] rows =
        [
            .. distances.Models.Select((model, i) => distances.Whole.Cosines[i].Select(Cosine).Prepend(model.Label).ToArray()),
        ];
        if (OutputConsole.TerminalWidth is not { } width || TablePrinter.Fits(width, headings, rows))
        {
            TablePrinter.Print(headings, rows);
            return;
        }

        TablePrinter.Print(
            ["one", "other", " cosine"],
            from i in Enumerable.Range(0, distances.Models.Length)
            from j in Enumerable.Range(0, i)
            select new[] { distances.Models[j].Label, distances.Models[i].Label, Cosine(distances.Whole.Cosines[i][j]) });
    }

    private static string Cosine(double cosine) => $"{cosine:0.0000;-0.0000;0.0000}";

    private static IEnumerable<IEnumerable<string>> Rows(LayerDistances distances, int[] models) =>
        distances.Layers.Select((layer, l) => Row(layer, models, m => $"{distances.Normalised(l, m):0.000}"))
            .Append(Row(distances.Whole, models, _ => ""));

    private static IEnumerable<string> Row(LayerDistance layer, int[] models, Func<int, string> normalised) =>
        models
            .SelectMany(m => new[] { $"{layer.Distances[m]:g5}", normalised(m), $"{layer.RelativeChanges[m]:0.00%}" })
            .Prepend(layer.Name);
}
