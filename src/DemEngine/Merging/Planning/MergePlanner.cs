using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Parts;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>
/// Turns a recipe into a plan: opens the models, and checks the recipe against its method and the models against each other.
/// </summary>
public static class MergePlanner
{
    /// <summary>Checks everything about a recipe and its upstream recipes that can be checked without opening a model.</summary>
    /// <returns>The method of the recipe that makes the result.</returns>
    /// <exception cref="DemException">DEM3003 to DEM3009 (UnknownKey to WrongModelCount): the recipe is wrong.</exception>
    public static IMergeMethod CheckRecipe(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        foreach (Recipe stage in recipe.Stages)
            RecipeCheck.Run(stage);
        return RecipeCheck.Run(recipe);
    }

    /// <summary>Plans a merge.</summary>
    /// <param name="recipe">The recipe to merge, with resolved paths.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="run">Run options; the I/O mode and the shard size are used here.</param>
    /// <param name="sources">Models of the recipe that are no files, by name; null for none.</param>
    /// <returns>The plan with the models that it opened; the caller must dispose of it.</returns>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2023: a checkpoint cannot be used or does not match. DEM3003 to DEM3009: the recipe is wrong.
    /// </exception>
    public static MergePlan Plan(Recipe recipe, AlignmentOptions alignment, RunOptions run, ModelSources? sources = null)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(alignment);
        ArgumentNullException.ThrowIfNull(run);
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
