using System.Collections.Immutable;
using DemEngine.Analysis;

namespace DemEngine.Lab.Experiment.Results;

/// <summary>Distances and angles of distribution vectors.</summary>
/// <param name="Models">The tuned models.</param>
/// <param name="Layers">In the order of the network.</param>
/// <param name="Shares">For each layer and model ‖Δ‖ as a share of the model's largest layer.</param>
/// <param name="Distances">‖Δ‖ of each model.</param>
/// <param name="Cosines">Between each two models' Δ.</param>
public sealed record VectorGeometry(
    ImmutableArray<string> Models,
    ImmutableArray<string> Layers,
    ImmutableArray<ImmutableArray<double>> Shares,
    ImmutableArray<double> Distances,
    ImmutableArray<ImmutableArray<double>> Cosines)
{
    /// <summary>Takes over what was measured.</summary>
    /// <param name="distances">The measurement.</param>
    /// <param name="names">Of the models, in its order.</param>
    public static VectorGeometry From(LayerDistances distances, ImmutableArray<string> names) => new(
        names,
        [.. distances.Layers.Select(layer => layer.Name)],
        [.. distances.Layers.Select((_, l) => names.Select((_, m) => distances.Normalised(l, m)).ToImmutableArray())],
        distances.Whole.Distances,
        distances.Whole.Cosines);
}
