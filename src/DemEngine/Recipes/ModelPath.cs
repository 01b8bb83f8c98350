using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>The path of a model's folder or file, or the name of an upstream recipe whose result is the model.</summary>
/// <param name="Written">The path as the recipe has it.</param>
/// <param name="Resolved">
/// The absolute path once <see cref="RecipeReader.Resolve"/> has found it; until then the same as <paramref name="Written"/>.
/// </param>
/// <param name="Place">Location in the recipe.</param>
public sealed record ModelPath(string Written, string Resolved, SourceLocation Place)
{
    /// <summary>Creates a path that has not been resolved.</summary>
    /// <param name="written">The path as written.</param>
    /// <param name="place">Location in the recipe; <see cref="SourceLocation.None"/> when null.</param>
    public ModelPath(string written, SourceLocation? place = null)
        : this(written, written, place ?? SourceLocation.None)
    {
    }

    /// <summary>Whether the path names one of the recipe's <see cref="Recipe.Stages"/> rather than a folder or file.</summary>
    public bool IsStage { get; init; }
}
