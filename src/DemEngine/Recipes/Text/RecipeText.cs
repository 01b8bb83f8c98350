namespace DemEngine.Recipes.Text;

/// <summary>A text in a recipe.</summary>
/// <param name="Value">The text.</param>
/// <param name="Place">Where it stands.</param>
public sealed record RecipeText(string Value, SourceLocation Place)
{
    /// <summary>A text that a program made.</summary>
    /// <param name="value">The text.</param>
    public static implicit operator RecipeText(string value) => new(value, SourceLocation.None);

    /// <summary>The text.</summary>
    /// <returns><see cref="Value"/>.</returns>
    public override string ToString() => Value;
}
