namespace DemEngine.Recipes;

/// <summary>Where the output's tokenizer comes from.</summary>
/// <param name="Path">The model to take it from, or null for <c>base</c>: the base model.</param>
/// <param name="Place">Where it stands.</param>
public sealed record TokenizerSource(ModelPath? Path, RecipePlace Place);
