using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>The path of a model's folder or file, or the name of an earlier recipe whose result it is.</summary>
/// <param name="Written">As the recipe has it.</param>
/// <param name="Resolved">
/// Where it leads: an absolute path once <see cref="RecipeReader.Resolve"/> has found it, until then
/// <paramref name="Written"/>.
/// </param>
/// <param name="Place">Where it stands.</param>
public sealed record ModelPath(string Written, string Resolved, SourceLocation Place)
{
    /// <summary>A path that has not been looked for.</summary>
    /// <param name="written">The path.</param>
    /// <param name="place">Where it stands; <see cref="SourceLocation.None"/> when null.</param>
    public ModelPath(string written, SourceLocation? place = null)
        : this(written, written, place ?? SourceLocation.None)
    {
    }

    /// <summary>Whether it names one of the recipe's <see cref="Recipe.Stages"/> rather than a folder or file.</summary>
    public bool IsStage { get; init; }
}
