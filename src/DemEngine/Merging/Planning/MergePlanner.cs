using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>From a recipe to a plan: opens the models, checks the recipe against the method, and the models against each other.</summary>
public static class MergePlanner
{
    /// <summary>Checks what can be checked of a recipe and its stages without opening a model.</summary>
    /// <returns>The method of the recipe that makes the result.</returns>
    /// <exception cref="DemException">DEM3003 to DEM3009.</exception>
    public static IMergeMethod CheckRecipe(Recipe recipe)
    {
        foreach (Recipe stage in recipe.Stages)
            RecipeCheck.Run(stage);
        return RecipeCheck.Run(recipe);
    }

    /// <summary>Plans a merge.</summary>
    /// <param name="recipe">What to merge, its paths resolved.</param>
    /// <param name="alignment">What to do where the models do not match.</param>
    /// <param name="run">How files are read and the output is cut.</param>
    /// <param name="sources">Models of the recipe that are no files, by name; null for none.</param>
    /// <returns>The plan with the models it opened; the caller disposes them through it.</returns>
    /// <exception cref="DemException">DEM2001 to DEM2023, DEM3003 to DEM3009.</exception>
    public static MergePlan Plan(Recipe recipe, AlignmentOptions alignment, RunOptions run, ModelSources? sources = null)
    {
        MatchedModels models = MatchedModels.Open(recipe, alignment, run, sources);
        try
        {
            return new MergePlan(models.Plan(recipe), models);
        }
        catch
        {
            models.Dispose();
            throw;
        }
    }
}
