using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>One source of a merge.</summary>
/// <param name="Path">Path of the source's checkpoint.</param>
/// <param name="IsVector">
/// True for <c>vector:</c>, a stored difference from the base; false for <c>model:</c>, a whole checkpoint.
/// </param>
/// <param name="Parameters">Parameters of this source alone.</param>
/// <param name="Place">Location in the recipe.</param>
public sealed record RecipeModel(ModelPath Path, bool IsVector, ParameterScope Parameters, SourceLocation Place)
{
    /// <summary>Creates a source in a program rather than from a recipe text.</summary>
    /// <param name="path">Path of the source's checkpoint.</param>
    /// <param name="isVector">True for a stored difference from the base.</param>
    /// <param name="parameters">Parameters of the source; none when null.</param>
    public RecipeModel(ModelPath path, bool isVector = false, ParameterScope? parameters = null)
        : this(path, isVector, parameters ?? ParameterScope.Empty, SourceLocation.None)
    {
    }
}
