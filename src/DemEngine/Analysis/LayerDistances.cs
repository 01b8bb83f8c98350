using System.Collections.Immutable;

namespace DemEngine.Analysis;

/// <summary>
/// How far tuned models lie from their base, layer by layer, as in figure 3 of the DEM paper, https://arxiv.org/abs/2406.15570, and how
/// alike their distribution vectors are.
/// </summary>
/// <param name="Base">Path of the base.</param>
/// <param name="Models">The models.</param>
/// <param name="Layers">In the order of the network.</param>
/// <param name="Whole">Over all floating-point tensors.</param>
/// <param name="IgnoredTensors">Number of integer and boolean tensors, which have no distance.</param>
/// <param name="NonFiniteTensors">Tensors in which an infinity or a NaN spoils the sums, in the order of the names.</param>
/// <param name="BytesRead">Bytes of tensors read.</param>
public sealed record LayerDistances(
    string Base,
    ImmutableArray<MeasuredModel> Models,
    ImmutableArray<LayerDistance> Layers,
    LayerDistance Whole,
    int IgnoredTensors,
    ImmutableArray<string> NonFiniteTensors,
    long BytesRead)
{
    private readonly ImmutableArray<double> _largest =
    [
        .. Enumerable.Range(0, Models.Length)
            .Select(model => Layers.Select(layer => layer.Distances[model]).Where(double.IsFinite).DefaultIfEmpty().Max()),
    ];

    /// <summary>A model's distance in a layer as a share of its distance in the layer where that is largest: 0 to 1; 0 if it lies nowhere apart.</summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="model">Index of the model.</param>
    public double Normalised(int layer, int model) =>
        _largest[model] == 0 && Layers[layer].Distances[model] == 0 ? 0 : Layers[layer].Distances[model] / _largest[model];
}

/// <summary>A model whose distance was measured.</summary>
/// <param name="Label">The end of its path, as long as it takes to tell the models apart.</param>
/// <param name="Path">As it was given.</param>
/// <param name="IsVector">Whether it is a stored distribution vector.</param>
public sealed record MeasuredModel(string Label, string Path, bool IsVector);
