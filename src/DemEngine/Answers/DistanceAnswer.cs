using System.Text.Json.Nodes;
using DemEngine.Analysis;

namespace DemEngine.Answers;

/// <summary>Distances of models from their base, as programs see them.</summary>
internal static class DistanceAnswer
{
    /// <summary>Gives distances as JSON.</summary>
    /// <param name="distances">The distances.</param>
    public static JsonObject Of(LayerDistances distances) => new()
    {
        ["base"] = distances.Base,
        ["models"] = new JsonArray([.. distances.Models.Select(model =>
            new JsonObject { ["label"] = model.Label, ["path"] = model.Path, ["vector"] = model.IsVector })]),
        ["layers"] = new JsonArray([.. distances.Layers.Select((layer, l) =>
        {
            JsonObject json = Of(layer);
            json["normalised"] = JsonValues.Of(
                Enumerable.Range(0, distances.Models.Length).Select(m => distances.Normalised(l, m)));
            return json;
        })]),
        ["whole"] = Of(distances.Whole),
        ["ignored_tensors"] = distances.IgnoredTensors,
        ["notes"] = JsonValues.Of(distances.Remarks),
        ["non_finite"] = JsonValues.Of(distances.NonFiniteTensors),
        ["bytes_read"] = distances.BytesRead,
    };

    private static JsonObject Of(LayerDistance layer) => new()
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
