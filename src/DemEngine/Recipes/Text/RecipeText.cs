namespace DemEngine.Recipes.Text;

/// <summary>A text of a recipe with its location.</summary>
/// <param name="Value">The text.</param>
/// <param name="Place">Location in the recipe.</param>
public sealed record RecipeText(string Value, SourceLocation Place)
{
    /// <summary>Converts a text that a program made; its location is <see cref="SourceLocation.None"/>.</summary>
    /// <param name="value">The text.</param>
    public static implicit operator RecipeText(string value) => new(value, SourceLocation.None);

    /// <summary>Returns the text.</summary>
    /// <returns><see cref="Value"/>.</returns>
    public override string ToString() => Value;
}
