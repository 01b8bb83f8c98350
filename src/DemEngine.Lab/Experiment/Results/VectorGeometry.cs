using System.Collections.Immutable;
using DemEngine.Analysis;

namespace DemEngine.Lab.Experiment.Results;

/// <summary>Distances and angles of distribution vectors.</summary>
/// <param name="Models">Names of the tuned models.</param>
/// <param name="Layers">Names of the layers, in the order of the network.</param>
/// <param name="Shares">Norm ‖Δ‖ for each layer and model, as a share of that in the model's largest layer, 0 to 1.</param>
/// <param name="Distances">Norm ‖Δ‖ over all layers, for each model.</param>
/// <param name="Cosines">Cosine between each two models' Δ.</param>
public sealed record VectorGeometry(
    ImmutableArray<string> Models,
    ImmutableArray<string> Layers,
    ImmutableArray<ImmutableArray<double>> Shares,
    ImmutableArray<double> Distances,
    ImmutableArray<ImmutableArray<double>> Cosines)
{
    /// <summary>Converts the distances that an analysis computed.</summary>
    /// <param name="distances">Distances of the tuned models from the base.</param>
    /// <param name="names">Names of the models, in the order of <paramref name="distances"/>.</param>
    public static VectorGeometry From(LayerDistances distances, ImmutableArray<string> names) => new(
        names,
        [.. distances.Layers.Select(layer => layer.Name)],
        [.. distances.Layers.Select((_, l) => names.Select((_, m) => distances.Normalised(l, m)).ToImmutableArray())],
        distances.Whole.Distances,
        distances.Whole.Cosines);
}
