using DemEngine.Merging.Models;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>Layers that one slice put into the output.</summary>
/// <param name="Model">The model that says which tensors there are.</param>
/// <param name="Layers">Which of its layers.</param>
internal sealed record SlicedRun(SourceModel Model, LayerRange Layers);

/// <summary>A stack of the output that was put together from slices.</summary>
/// <param name="Stack">The tensors' names up to the layer's number.</param>
/// <param name="BaseCount">The number of layers that the base model has there.</param>
/// <param name="Runs">One for each slice.</param>
internal sealed record SlicedStack(string Stack, int BaseCount, IReadOnlyList<SlicedRun> Runs)
{
    /// <summary>Number of layers.</summary>
    public int Count => Runs.Sum(run => run.Layers.Count);
}
