using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Mixtures;

/// <summary>Reads recipes for mixtures of experts: YAML in mergekit-moe's schema.</summary>
public static class MixtureReader
{
    /// <summary>Parses a recipe. Paths are not resolved; every path stays as it is written.</summary>
    /// <param name="text">YAML text; at most 1 MiB of UTF-8.</param>
    /// <param name="name">Name of the recipe in messages, such as its file name.</param>
    /// <exception cref="DemException">
    /// DEM3002 (RecipeNotYaml), DEM3003 (UnknownKey), DEM3004 (WrongValue), DEM3005 (MissingKey), DEM3007 (UnsupportedFeature),
    /// DEM3008 (DuplicateKey), DEM3010 (NoPrompts), DEM3011 (ExpertCount) or DEM3012 (PromptsAlike).
    /// </exception>
    public static MixtureRecipe Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(name);
        IReadOnlyList<RecipeNode> roots = NodeReader.Read(text, name);
        if (roots.Count > 1)
            throw new SourceLocation(name, roots[1].Line, "").Error(
                ErrorCode.WrongValue, "a recipe for a mixture is one document, and this is a second one");
        return MixtureSchema.Read(roots.Count == 0 ? null : roots[0], name);
    }

    /// <summary>Reads a recipe file and resolves the paths of its models.</summary>
    /// <param name="path">Path of the recipe file.</param>
    /// <exception cref="DemException">
    /// DEM3001 (RecipeNotFound), DEM2001 (CheckpointNotFound), or any error of <see cref="Parse"/>.
    /// </exception>
    public static MixtureRecipe ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        MixtureRecipe recipe = Parse(RecipeReader.ReadText(path), path);
        return Resolve(recipe, Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Reads a recipe from a stream. Relative paths start from the current folder.</summary>
    /// <param name="stream">YAML text, at most 1 MiB of UTF-8; it is read to its end.</param>
    /// <param name="name">Name of the recipe in messages.</param>
    /// <exception cref="DemException">Any error of <see cref="ReadFile"/>.</exception>
    public static MixtureRecipe Read(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Resolve(Parse(RecipeReader.ReadText(stream, name), name), Directory.GetCurrentDirectory());
    }

    /// <summary>
    /// Resolves the paths of the models that a recipe names: a relative path starts from the recipe's folder if something exists
    /// there, else from the current folder.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">Path of the folder that holds the recipe.</param>
    /// <returns>The recipe, in which every <see cref="ModelPath.Resolved"/> is an absolute path.</returns>
    /// <exception cref="DemException">
    /// DEM2001 (CheckpointNotFound): a path leads nowhere; the message gives its key and line.
    /// </exception>
    public static MixtureRecipe Resolve(MixtureRecipe recipe, string folder)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ModelPath Path(ModelPath path) => RecipeReader.Locate(path, folder);
        MixtureExpert Expert(MixtureExpert expert) => expert with { Source = Path(expert.Source) };
        return recipe with
        {
            BaseModel = Path(recipe.BaseModel),
            Experts = [.. recipe.Experts.Select(Expert)],
            SharedExperts = [.. recipe.SharedExperts.Select(Expert)],
        };
    }
}
