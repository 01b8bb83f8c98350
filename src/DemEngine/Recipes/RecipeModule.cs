using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>One part of a model that has several stacks of layers, such as an encoder and a decoder.</summary>
public sealed record RecipeModule
{
    /// <summary>Its key, by which its tensors are found.</summary>
    public required string Name { get; init; }

    /// <summary><c>models</c>, in order; empty where there are <see cref="Slices"/>.</summary>
    public ValueList<RecipeModel> Models { get; init; } = [];

    /// <summary><c>slices</c>, in order; empty where there are <see cref="Models"/>.</summary>
    public ValueList<RecipeSlice> Slices { get; init; } = [];

    /// <summary>The parameters for this module.</summary>
    public ParameterScope Parameters { get; init; } = ParameterScope.Empty;

    /// <summary>Where it stands.</summary>
    public SourceLocation Place { get; init; } = SourceLocation.None;
}
