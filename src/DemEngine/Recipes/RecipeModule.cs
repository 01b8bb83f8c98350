using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>One part of a model that has several stacks of layers, such as an encoder and a decoder.</summary>
public sealed record RecipeModule
{
    /// <summary>Key of the module, by which its tensors are found.</summary>
    public required string Name { get; init; }

    /// <summary>The entries of <c>models</c>, in order; empty if there are <see cref="Slices"/>.</summary>
    public ValueList<RecipeModel> Models { get; init; } = [];

    /// <summary>The entries of <c>slices</c>, in order; empty if there are <see cref="Models"/>.</summary>
    public ValueList<RecipeSlice> Slices { get; init; } = [];

    /// <summary>Parameters of this module.</summary>
    public ParameterScope Parameters { get; init; } = ParameterScope.Empty;

    /// <summary>Location in the recipe.</summary>
    public SourceLocation Place { get; init; } = SourceLocation.None;
}
