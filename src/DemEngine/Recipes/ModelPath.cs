using DemEngine.Files;
using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>
/// The path of a model's folder or file, alone or with that of an adapter, or the name of an upstream recipe whose result is the
/// model.
/// </summary>
/// <param name="Written">The path as the recipe has it; of a model with an adapter both, with a plus between.</param>
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

    /// <summary>
    /// Path of the adapter where the recipe gives it apart from the model's, under <c>lora</c>; else null.
    /// </summary>
    public string? Lora { get; init; }

    /// <summary>Paths of the model and its adapter, once they are resolved; null for a model without one.</summary>
    public AdaptedPath? Adapted
    {
        get => field ?? (Lora is null ? null : new AdaptedPath(WrittenModel, Lora));
        init;
    }

    internal string WrittenModel => Lora is null ? Written : Written[..^(Lora.Length + 1)];

    /// <summary>Makes the path of a model with an adapter that is given apart from it.</summary>
    internal ModelPath With(string lora) => new($"{Written}+{lora}", Place) { Lora = lora };

    /// <summary>Makes a relative path lead from another folder.</summary>
    /// <param name="folder">The folder.</param>
    internal ModelPath From(string folder)
    {
        string Lead(string written, string resolved) => Path.IsPathRooted(written)
            ? Lora is null && Adapted is not null ? resolved : written
            : Path.GetRelativePath(folder, resolved).Replace('\\', '/');
        if (Adapted is not { } adapted)
            return this with { Written = Lead(Written, Resolved) };

        // Of two paths in one text only the first one shows whether they are absolute.
        string model = Lead(WrittenModel, adapted.Model);
        string lora = Lead(Lora ?? Written, adapted.Adapter);
        return this with { Written = $"{model}+{lora}", Lora = lora };
    }

    /// <summary>Whether the path names one of the recipe's <see cref="Recipe.Stages"/> rather than a folder or file.</summary>
    public bool IsStage { get; init; }
}
