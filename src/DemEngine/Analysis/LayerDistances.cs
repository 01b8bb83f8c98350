using System.Collections.Immutable;

namespace DemEngine.Analysis;

/// <summary>
/// Distances of tuned models from their base, layer by layer, as in figure 3 of the DEM paper, https://arxiv.org/abs/2406.15570,
/// and the similarity of their distribution vectors.
/// </summary>
/// <param name="Base">Path of the base model.</param>
/// <param name="Models">Models whose distances were computed.</param>
/// <param name="Layers">Distances of each layer, in the order of the network.</param>
/// <param name="Whole">Distances over all floating-point tensors together.</param>
/// <param name="IgnoredTensors">Number of integer and boolean tensors, which have no distance.</param>
/// <param name="NonFiniteTensors">Names of the tensors in which an infinity or a NaN spoils the sums, in ordinal order.</param>
/// <param name="BytesRead">Number of tensor bytes read.</param>
public sealed record LayerDistances(
    string Base,
    ImmutableArray<MeasuredModel> Models,
    ImmutableArray<LayerDistance> Layers,
    LayerDistance Whole,
    int IgnoredTensors,
    ImmutableArray<string> NonFiniteTensors,
    long BytesRead)
{
    /// <summary>Notes on how the models' tensors were matched to the base's, and on those that were left out.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];

    private readonly ImmutableArray<double> _largest =
    [
        .. Enumerable.Range(0, Models.Length)
            .Select(model => Layers.Select(layer => layer.Distances[model]).Where(double.IsFinite).DefaultIfEmpty().Max()),
    ];

    /// <summary>
    /// Returns a model's distance in a layer as a share, 0 to 1, of its largest distance in any layer; 0 if all its distances are
    /// 0.
    /// </summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="model">Index of the model.</param>
    public double Normalised(int layer, int model) =>
        _largest[model] == 0 && Layers[layer].Distances[model] == 0 ? 0 : Layers[layer].Distances[model] / _largest[model];
}

/// <summary>Model whose distances were computed.</summary>
/// <param name="Label">Short name: as much of the end of the path as it takes to tell the models apart.</param>
/// <param name="Path">Path of the model, as the user gave it.</param>
/// <param name="IsVector">Whether the model is a stored distribution vector.</param>
public sealed record MeasuredModel(string Label, string Path, bool IsVector);
