using DemEngine.Analysis;

namespace DemEngine.Cli.Pictures;

/// <summary>Writes <see cref="LayerDistances"/> as a page: the heat map, and every number.</summary>
internal static class DistancePage
{
    /// <summary>Gives the text of the page.</summary>
    public static string Write(LayerDistances distances)
    {
        MeasuredModel[] models = [.. distances.Models];
        var page = new ReportPage($"Distance of {string.Join(", ", models.Select(model => model.Label))} to {distances.Base}");
        page.Picture(DistanceHeatMap.Write(distances));
        page.Heading("Layers");
        page.Note("For each model: distance ‖Δ‖, with a bar for its share of the largest, and relative change ‖Δ‖/‖Θ‖.");
        page.Table(
            ["layer", " tensors", " parameters", .. models.SelectMany(model => new[] { $" {model.Label}", " change" })],
            [
                .. distances.Layers.Select((layer, l) => Row(layer, m => distances.Normalised(l, m))),
                Row(distances.Whole, _ => null),
            ]);
        if (models.Length > 1)
        {
            page.Heading("Cosines between the models’ Δ");
            page.Table(
                ["", .. models.Select(model => $" {model.Label}")],
                models.Select((model, i) => (IReadOnlyList<ReportCell>)
                [
                    new(model.Label),
                    .. distances.Whole.Cosines[i].Select(cosine => new ReportCell($"{cosine:0.0000;−0.0000}")),
                ]));
        }

        page.Heading("Models");
        page.Table(
            ["model", "path", "kind"],
            models.Select(model => (IReadOnlyList<ReportCell>)
                [new(model.Label), new(model.Path), new(model.IsVector ? "distribution vector" : "model")]));
        if (distances.IgnoredTensors > 0)
            page.Note($"{distances.IgnoredTensors} tensors that hold no floating-point numbers are left out.");
        foreach (string remark in distances.Remarks)
            page.Note(remark);
        foreach (string tensor in distances.NonFiniteTensors)
            page.Note($"{tensor}: infinities or NaNs.");
        return page.End();
    }

    private static IReadOnlyList<ReportCell> Row(LayerDistance layer, Func<int, double?> share) =>
    [
        new(layer.Name),
        new($"{layer.Tensors}"),
        new($"{layer.Parameters}"),
        .. layer.Distances.SelectMany((distance, m) => new[]
        {
            new ReportCell($"{distance:g5}", share(m) is { } part && double.IsFinite(part) ? part : null),
            new ReportCell($"{layer.RelativeChanges[m]:0.00%}"),
        }),
    ];
}
