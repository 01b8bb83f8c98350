using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Cli.Formatting;

namespace DemEngine.Cli.Output;

/// <summary>Prints <see cref="LayerDistances"/> as tables or as JSON.</summary>
internal static class DistancePrinter
{
    public static void PrintText(LayerDistances distances)
    {
        Console.Out.WriteLine($"base {Printable.Text(distances.Base)}");
        Console.Out.WriteLine(
            "For each layer and model: distance ‖Δ‖, the same over the model's largest, relative change ‖Δ‖/‖Θ‖");
        Console.Out.WriteLine();
        TablePrinter.Print(
            ["layer", .. distances.Models.SelectMany(model => new[] { $" {model.Label}", " /max", " change" })],
            [
                .. distances.Layers.Select(
                    (layer, l) => Row(layer, distances.Models.Length, m => $"{distances.Normalised(l, m):0.000}")),
                Row(distances.Whole, distances.Models.Length, _ => ""),
            ]);
        Console.Out.WriteLine();
        Console.Out.WriteLine("Cosine between the models' Δ");
        Console.Out.WriteLine();
        TablePrinter.Print(
            ["", .. distances.Models.Select(model => $" {model.Label}")],
            distances.Models.Select((model, i) => distances.Whole.Cosines[i]
                .Select(cosine => $"{cosine:0.0000;-0.0000;0.0000}")
                .Prepend(model.Label)));

        if (distances.IgnoredTensors > 0)
            Console.Out.WriteLine($"note: {distances.IgnoredTensors} tensors that hold no floating-point numbers are left out");
        foreach (string remark in distances.Remarks)
            Console.Out.WriteLine($"note: {Printable.Text(remark)}");
        foreach (string tensor in distances.NonFiniteTensors)
            Console.Out.WriteLine($"warning: {Printable.Text(tensor)}: infinities or NaNs");
    }

    public static void PrintJson(LayerDistances distances) => Console.Out.WriteLine(new JsonObject
    {
        ["base"] = distances.Base,
        ["models"] = new JsonArray([.. distances.Models.Select(model =>
            new JsonObject { ["label"] = model.Label, ["path"] = model.Path, ["vector"] = model.IsVector })]),
        ["layers"] = new JsonArray([.. distances.Layers.Select((layer, l) =>
        {
            JsonObject json = ToJson(layer);
            json["normalised"] = JsonValues.Of(
                Enumerable.Range(0, distances.Models.Length).Select(m => distances.Normalised(l, m)));
            return json;
        })]),
        ["whole"] = ToJson(distances.Whole),
        ["ignored_tensors"] = distances.IgnoredTensors,
        ["notes"] = JsonValues.Of(distances.Remarks),
        ["non_finite"] = JsonValues.Of(distances.NonFiniteTensors),
        ["bytes_read"] = distances.BytesRead,
    }.ToJsonString());

    private static IEnumerable<string> Row(LayerDistance layer, int models, Func<int, string> normalised) =>
        Enumerable.Range(0, models)
            .SelectMany(m => new[] { $"{layer.Distances[m]:g5}", normalised(m), $"{layer.RelativeChanges[m]:0.00%}" })
            .Prepend(layer.Name);

    private static JsonObject ToJson(LayerDistance layer) => new()
    {
        ["name"] = layer.Name,
        ["tensors"] = layer.Tensors,
        ["parameters"] = layer.Parameters,
        ["base_norm"] = JsonValues.Of(layer.BaseNorm),
        ["distance"] = JsonValues.Of(layer.Distances),
        ["relative"] = JsonValues.Of(layer.RelativeChanges),
        ["cosine"] = new JsonArray([.. layer.Cosines.Select(row => JsonValues.Of(row))]),
    };
}
