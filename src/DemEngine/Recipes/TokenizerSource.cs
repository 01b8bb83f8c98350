using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>The source of the output's vocabulary.</summary>
/// <param name="Path">Path of the model whose vocabulary is used; null for the base model, or for all models.</param>
/// <param name="Place">Location in the recipe.</param>
public sealed record TokenizerSource(ModelPath? Path, SourceLocation Place)
{
    /// <summary>True for <c>union</c>, the tokens of all models.</summary>
    public bool IsUnion { get; init; }
}
