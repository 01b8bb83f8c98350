using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>One source of a merge.</summary>
/// <param name="Path">Its checkpoint.</param>
/// <param name="IsVector">
/// True for <c>vector:</c>, a stored difference from the base; false for <c>model:</c>, a whole checkpoint.
/// </param>
/// <param name="Parameters">The parameters for this source alone.</param>
/// <param name="Place">Where it stands.</param>
public sealed record RecipeModel(ModelPath Path, bool IsVector, ParameterScope Parameters, SourceLocation Place)
{
    /// <summary>A source that a program made.</summary>
    /// <param name="path">Its checkpoint.</param>
    /// <param name="isVector">True for a stored difference from the base.</param>
    /// <param name="parameters">Its parameters; none when null.</param>
    public RecipeModel(ModelPath path, bool isVector = false, ParameterScope? parameters = null)
        : this(path, isVector, parameters ?? ParameterScope.Empty, SourceLocation.None)
    {
    }
}
