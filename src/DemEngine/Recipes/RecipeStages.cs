using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>
/// Links the recipes of one file: finds the one that makes the result, and the upstream recipes that it needs, by their names.
/// Their order in the file does not matter, as in mergekit.
/// </summary>
internal static class RecipeStages
{
    /// <summary>Links the recipes of one file.</summary>
    /// <param name="recipes">Recipes in the order of the file; at least one.</param>
    /// <returns>The recipe that makes the result, with the others as its upstream recipes.</returns>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue), DEM3005 (MissingKey), DEM3007 (UnsupportedFeature) or DEM3008 (DuplicateKey).
    /// </exception>
    public static Recipe Link(IReadOnlyList<Recipe> recipes)
    {
        if (recipes.Count == 1)
            return recipes[0];

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
        Dictionary<string, Recipe> stages = linked
            .Where(recipe => recipe.Name is not null)
            .ToDictionary(recipe => recipe.Name!.Value, StringComparer.Ordinal);
        Recipe result = Result(linked);
        var ordered = new List<Recipe>();
        Order(result, stages, [], ordered);
        Recipe? unused = linked.FirstOrDefault(recipe => !ordered.Contains(recipe, ReferenceEqualityComparer.Instance));
        if (unused is not null)
            throw (unused.Name?.Place ?? unused.Place).Error(ErrorCode.UnsupportedFeature,
                "no other recipe uses this one's result, and one result is written; give it a file of its own");
        return result with { Stages = [.. ordered.SkipLast(1)] };
    }

    /// <summary>Returns the recipe without a name, or else the last one that no other recipe uses.</summary>
    private static Recipe Result(Recipe[] recipes)
    {
        Recipe[] nameless = [.. recipes.Where(recipe => recipe.Name is null)];
        if (nameless.Length > 1)
            throw nameless[1].Place.Error(ErrorCode.MissingKey,
                $"two recipes have no \"name\", the first on line {nameless[0].Place.Line}; "
                + "only the one that makes the result may do without");
        if (nameless.Length == 1)
            return nameless[0];

        HashSet<string> used = [.. recipes.SelectMany(Used)];
        return recipes.LastOrDefault(recipe => !used.Contains(recipe.Name!.Value)) ?? throw Circle(recipes[0]);
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
