using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>A range of a model's layers, counted from 0: <c>layer_range: [first, end]</c>.</summary>
/// <param name="First">Index of the first layer.</param>
/// <param name="End">Index of the layer after the last.</param>
public readonly record struct LayerRange(int First, int End)
{
    /// <summary>Number of layers in the range.</summary>
    public int Count => End - First;
}

/// <summary>One source of a slice.</summary>
/// <param name="Model">The source's checkpoint with the parameters of this source alone.</param>
/// <param name="Layers">Layers that are taken from the source.</param>
public sealed record RecipeSliceSource(RecipeModel Model, LayerRange Layers);

/// <summary>A run of the output's layers, each merged from one layer of every source. Slices are stacked in order.</summary>
public sealed record RecipeSlice
{
    /// <summary>The entries of <c>sources</c>, in order; at least one, all with the same number of layers.</summary>
    public required ValueList<RecipeSliceSource> Sources { get; init; }

    /// <summary>The <c>base_model</c> of this slice; null for the recipe's.</summary>
    public ModelPath? BaseModel { get; init; }

    /// <summary>Parameters of this slice.</summary>
    public ParameterScope Parameters { get; init; } = ParameterScope.Empty;

    /// <summary>Location in the recipe.</summary>
    public SourceLocation Place { get; init; } = SourceLocation.None;
}
