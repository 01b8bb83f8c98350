using DemEngine.Merging.Models;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>A run of layers that one slice contributes to the output.</summary>
/// <param name="Model">The model that defines the tensors.</param>
/// <param name="Name">The model's path as the recipe has it.</param>
/// <param name="Map">The model's layers.</param>
/// <param name="Layers">Range of the model's layers that the slice takes.</param>
internal sealed record SlicedRun(SourceModel Model, string Name, LayerMap Map, LayerRange Layers);

/// <summary>A stack of the output's layers that was assembled from slices.</summary>
/// <param name="Base">The layers of the base model, whose configuration the output has.</param>
/// <param name="Runs">Runs of layers, one for each slice.</param>
internal sealed record SlicedStack(LayerMap Base, IReadOnlyList<SlicedRun> Runs)
{
    /// <summary>Path of the stack: the names of its tensors up to the layer's number.</summary>
    public string Stack => Base.Stacks.FirstOrDefault() ?? "";

    /// <summary>Number of layers that the base model has in this stack.</summary>
    public int BaseCount => Base.Count;

    /// <summary>Number of layers.</summary>
    public int Count => Runs.Sum(run => run.Layers.Count);
}
