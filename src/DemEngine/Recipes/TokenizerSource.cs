using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>Where the output's vocabulary comes from.</summary>
/// <param name="Path">The model to take it from; null for the base model, or for all.</param>
/// <param name="Place">Where it stands.</param>
public sealed record TokenizerSource(ModelPath? Path, SourceLocation Place)
{
    /// <summary>True for <c>union</c>: the tokens of all models.</summary>
    public bool IsUnion { get; init; }
}
