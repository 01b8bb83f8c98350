using DemEngine.Merging.Models;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>A run of layers that one slice contributes to the output.</summary>
/// <param name="Model">The model that defines the tensors.</param>
/// <param name="Layers">Range of the model's layers that the slice takes.</param>
internal sealed record SlicedRun(SourceModel Model, LayerRange Layers);

/// <summary>A stack of the output's layers that was assembled from slices.</summary>
/// <param name="Stack">Prefix of the tensors' names up to the layer's number.</param>
/// <param name="BaseCount">Number of layers that the base model has in this stack.</param>
/// <param name="Runs">Runs of layers, one for each slice.</param>
internal sealed record SlicedStack(string Stack, int BaseCount, IReadOnlyList<SlicedRun> Runs)
{
    /// <summary>Number of layers.</summary>
    public int Count => Runs.Sum(run => run.Layers.Count);
}
