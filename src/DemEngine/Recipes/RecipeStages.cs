using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>
/// Links the recipes of one file: finds those that make results, and the upstream recipes that they need, by their names.
/// Their order in the file does not matter, as in mergekit.
/// </summary>
internal static class RecipeStages
{
    /// <summary>Links the recipes of one file that has one result.</summary>
    /// <param name="recipes">Recipes in the order of the file; at least one.</param>
    /// <returns>The recipe that makes the result, with the others as its upstream recipes.</returns>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue), DEM3005 (MissingKey), DEM3007 (UnsupportedFeature) or DEM3008 (DuplicateKey).
    /// </exception>
    public static Recipe Link(IReadOnlyList<Recipe> recipes)
    {
        ValueList<Recipe> results = Results(recipes);
        if (results.Count == 1)
            return results[0];
        Recipe unused = results[0].Name is null ? results[1] : results[0];
        throw (unused.Name?.Place ?? unused.Place).Error(ErrorCode.UnsupportedFeature,
            "no other recipe uses this one's result, and one result is expected here; give it a file of its own");
    }

    /// <summary>Links the recipes of one file, and returns those whose results no other one uses.</summary>
    /// <param name="recipes">Recipes in the order of the file; at least one.</param>
    /// <returns>The recipes that make results, each with the upstream recipes that it needs, in the order of the file.</returns>
    /// <exception cref="DemException">DEM3004 (WrongValue), DEM3005 (MissingKey) or DEM3008 (DuplicateKey).</exception>
    public static ValueList<Recipe> Results(IReadOnlyList<Recipe> recipes)
    {
        if (recipes.Count == 1)
            return [recipes[0]];

        var named = new Dictionary<string, Recipe>(StringComparer.Ordinal);
        foreach (Recipe recipe in recipes.Where(recipe => recipe.Name is not null))
        {
            if (!named.TryAdd(recipe.Name!.Value, recipe))
                throw recipe.Name.Place.Error(ErrorCode.DuplicateKey,
                    $"two recipes are named {Shown.Quote(recipe.Name.Value)}, "
                    + $"the first on line {named[recipe.Name.Value].Name!.Place.Line}");
        }

        Recipe[] linked =
        [
            .. recipes.Select(recipe => recipe.WithPaths(path => path with { IsStage = named.ContainsKey(path.Written) })),
        ];
        Recipe[] nameless = [.. linked.Where(recipe => recipe.Name is null)];
        if (nameless.Length > 1)
            throw nameless[1].Place.Error(ErrorCode.MissingKey,
                $"two recipes have no \"name\", the first on line {nameless[0].Place.Line}; "
                + "only one that makes a result may do without");

        Dictionary<string, Recipe> stages = linked
            .Where(recipe => recipe.Name is not null)
            .ToDictionary(recipe => recipe.Name!.Value, StringComparer.Ordinal);
        HashSet<string> used = [.. linked.SelectMany(Used)];
        Recipe[] results = [.. linked.Where(recipe => recipe.Name is null || !used.Contains(recipe.Name.Value))];
        var needed = new HashSet<Recipe>(ReferenceEqualityComparer.Instance);
        var complete = new List<Recipe>();
        foreach (Recipe result in results)
        {
            var ordered = new List<Recipe>();
            Order(result, stages, [], ordered);
            needed.UnionWith(ordered);
            complete.Add(result with { Stages = [.. ordered.SkipLast(1)] });
        }

        // What no result needs is used, and so by a recipe that no result needs either: they go round in a circle.
        return linked.FirstOrDefault(recipe => !needed.Contains(recipe)) is { } left ? throw Circle(left) : [.. complete];
    }

    /// <summary>Adds the recipes that a recipe needs, then the recipe itself.</summary>
    private static void Order(Recipe recipe, Dictionary<string, Recipe> stages, List<Recipe> within, List<Recipe> ordered)
    {
        if (ordered.Contains(recipe, ReferenceEqualityComparer.Instance))
            return;
        if (within.Contains(recipe, ReferenceEqualityComparer.Instance))
            throw Circle(recipe);

        within.Add(recipe);
        foreach (string name in Used(recipe))
            Order(stages[name], stages, within, ordered);
        within.RemoveAt(within.Count - 1);
        ordered.Add(recipe);
    }

    private static IEnumerable<string> Used(Recipe recipe)
    {
        var used = new List<string>();
        recipe.WithPaths(path =>
        {
            if (path.IsStage)
                used.Add(path.Written);
            return path;
        });
        return used.Distinct(StringComparer.Ordinal);
    }

    private static DemException Circle(Recipe recipe) =>
        recipe.Name!.Place.Error(
            ErrorCode.WrongValue,
            $"the recipe {Shown.Quote(recipe.Name.Value)} needs its own result, by itself or through others");
}
