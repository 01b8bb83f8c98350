using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>Layers of a model, counted from 0: <c>layer_range: [first, end]</c>.</summary>
/// <param name="First">The first layer.</param>
/// <param name="End">The layer after the last.</param>
public readonly record struct LayerRange(int First, int End)
{
    /// <summary>How many layers these are.</summary>
    public int Count => End - First;
}

/// <summary>One source of a slice.</summary>
/// <param name="Model">Its checkpoint, and the parameters for it alone.</param>
/// <param name="Layers">The layers that are taken from it.</param>
public sealed record RecipeSliceSource(RecipeModel Model, LayerRange Layers);

/// <summary>A run of the output's layers, each merged from one layer of every source. Slices are stacked in their order.</summary>
public sealed record RecipeSlice
{
    /// <summary><c>sources</c>, in order; at least one, and of as many layers each.</summary>
    public required ValueList<RecipeSliceSource> Sources { get; init; }

    /// <summary><c>base_model</c> of this slice, or null for the recipe's.</summary>
    public ModelPath? BaseModel { get; init; }

    /// <summary>The parameters for this slice.</summary>
    public ParameterScope Parameters { get; init; } = ParameterScope.Empty;

    /// <summary>Where it stands.</summary>
    public SourceLocation Place { get; init; } = SourceLocation.None;
}
