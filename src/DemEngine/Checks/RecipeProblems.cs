using DemEngine.Merging.Planning;
using DemEngine.Recipes;
using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Checks;

/// <summary>
/// Reads a recipe and gathers everything that is wrong with it: what is found wrong is taken out, and the rest is read again.
/// </summary>
internal static class RecipeProblems
{
    private const int MostOfRecipe = 50;

    /// <summary>Reads the recipes of a text, and resolves their paths.</summary>
    /// <param name="text">YAML text.</param>
    /// <param name="name">Name of the recipe in messages.</param>
    /// <param name="folder">Folder that its paths lead from.</param>
    /// <param name="problems">Receives what is wrong.</param>
    /// <returns>
    /// The recipes that make results. Where something is wrong, they lack it, and there are none where they cannot be linked.
    /// </returns>
    public static ValueList<Recipe> Read(string text, string name, string folder, List<DemException> problems)
    {
        try
        {
            IReadOnlyList<RecipeNode> roots = NodeReader.Read(text, name);
            Recipe?[] recipes = roots.Count == 0
                ? [ReadOne(new MapNode(1, []), name, problems)]
                : [.. roots.Select(root => ReadOne(root, name, problems))];
            if (recipes.Contains(null))
                return [];
            ValueList<Recipe> results = RecipeStages.Results([.. recipes.Select(recipe => recipe!)]);
            foreach (Recipe result in results.Count > 1 ? results : [])
                Try(() => RecipeReader.CheckFolderName(result), problems);
            return [.. results.Select(result => Resolve(result, folder, problems))];
        }
        catch (DemException e)
        {
            problems.Add(e);
            return [];
        }
    }

    private static Recipe? ReadOne(RecipeNode root, string name, List<DemException> problems)
    {
        var removed = new List<string>();
        while (removed.Count < MostOfRecipe)
        {
            Recipe? recipe = null;
            try
            {
                recipe = RecipeSchema.Read(root, name);
                MergePlanner.CheckRecipe(recipe);
                return recipe;
            }
            catch (DemException e)
            {
                bool isNew = !IsDueToRemoval(e, removed);
                if (isNew)
                    problems.Add(e);
                if (e.Key is not { } key || (isNew && e.Code == ErrorCode.MissingKey) || e.Code == ErrorCode.UnknownMethod)
                    return recipe;
                RecipeNode rest = NodePruning.Without(root, key);
                if (rest.Size == root.Size)
                    return recipe;
                removed.Add(key);
                root = rest;
            }
        }

        return null;
    }

    /// <summary>Whether something is missing only because it was wrong and taken out.</summary>
    private static bool IsDueToRemoval(DemException e, List<string> removed) =>
        (e.Code == ErrorCode.MissingKey && removed.Any(key => ParentOf(key) == (e.Key ?? "")))
        || (e.Code == ErrorCode.WrongModelCount && removed.Any(key => key.StartsWith(e.Key ?? "", StringComparison.Ordinal)));

    private static string ParentOf(string key) => key[..Math.Max(0, key.LastIndexOfAny(['.', '[']))];

    private static Recipe Resolve(Recipe recipe, string folder, List<DemException> problems) => recipe.WithPaths(path =>
    {
        ModelPath found = path;
        if (!path.IsStage)
            Try(() => found = RecipeReader.Locate(path, folder), problems);
        return found;
    });

    /// <summary>Does something, and gathers what is wrong with it, each thing once.</summary>
    public static void Try(Action check, List<DemException> problems)
    {
        try
        {
            check();
        }
        catch (DemException e)
        {
            if (!problems.Any(known => known.Code == e.Code && known.Message == e.Message))
                problems.Add(e);
        }
    }
}
