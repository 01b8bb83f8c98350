using DemEngine.Methods;
using DemEngine.Recipes;

namespace DemEngine.Merging;

/// <summary>From a recipe to a plan: opens the models, checks the recipe against the method, and the models against each other.</summary>
public static class MergePlanner
{
    /// <summary>Checks what can be checked of a recipe without opening a model.</summary>
    /// <exception cref="DemException">DEM3003 to DEM3009.</exception>
    public static IMergeMethod CheckRecipe(Recipe recipe)
    {
        IMergeMethod method = MergeMethods.Find(recipe.MergeMethod.Value)
            ?? throw recipe.MergeMethod.Place.Error(
                ErrorCode.UnknownMethod,
                $"there is no method {Quoted.Name(recipe.MergeMethod.Value)}; there are {string.Join(", ", MergeMethods.All.Select(one => one.Name))}");

        if (method.Base is BaseUse.Subtracted or BaseUse.First && recipe.BaseModel is null)
            throw recipe.Place.Error(ErrorCode.MissingKey, $"{method.Name} needs base_model");

        string[] all = [.. method.Parameters.Select(parameter => parameter.Name)];
        string[] perModel = [.. method.Parameters.Where(parameter => parameter.PerModel).Select(parameter => parameter.Name)];
        CheckScope(recipe.Parameters, all, method);
        foreach (RecipeModel model in recipe.Models)
        {
            CheckScope(model.Parameters, perModel, method);
            if (model.IsVector && !IsRelative(recipe, method))
                throw model.Place.Error(ErrorCode.WrongValue, $"{method.Name} merges whole models; a distribution vector is no model");
        }

        int sources = Sources(recipe, method).Count();
        if (sources < method.Sources.Fewest || sources > method.Sources.Most)
        {
            string wanted = method.Sources.Most == int.MaxValue ? $"at least {method.Sources.Fewest}" : $"{method.Sources.Most}";
            throw recipe.Place.Error(ErrorCode.WrongModelCount, $"{method.Name} takes {wanted} models beside the base, the recipe gives {sources}");
        }

        return method;
    }

    /// <summary>Plans a merge.</summary>
    /// <param name="recipe">What to merge, its paths resolved.</param>
    /// <param name="alignment">What to do where the models do not match.</param>
    /// <param name="run">How files are read and the output is cut.</param>
    /// <returns>The plan with the models it opened; the caller disposes them through it.</returns>
    /// <exception cref="DemException">DEM2001 to DEM2023, DEM3003 to DEM3009.</exception>
    public static MergePlan Plan(Recipe recipe, AlignmentOptions alignment, RunOptions run)
    {
        MatchedModels models = MatchedModels.Open(recipe, alignment, run.Io);
        try
        {
            return new MergePlan(models.Plan(recipe, run.MaxShardBytes), models);
        }
        catch
        {
            models.Dispose();
            throw;
        }
    }

    /// <summary>Whether the sources count by their differences from the base.</summary>
    internal static bool IsRelative(Recipe recipe, IMergeMethod method) =>
        method.Base == BaseUse.Subtracted || (method.Base == BaseUse.SubtractedIfGiven && recipe.BaseModel is not null);

    /// <summary>The indices of the recipe's models that are sources: not the base itself, where it has a part of its own.</summary>
    internal static IEnumerable<int> Sources(Recipe recipe, IMergeMethod method) =>
        Enumerable.Range(0, recipe.Models.Count)
            .Where(k => !(IsRelative(recipe, method) || method.Base == BaseUse.First) || recipe.Models[k].IsVector || recipe.Models[k].Path.Resolved != recipe.BaseModel?.Resolved);

    private static void CheckScope(ParameterScope scope, string[] known, IMergeMethod method)
    {
        scope.RefuseUnknown(known, method.Name);
        foreach (MethodParameter parameter in method.Parameters)
        {
            if (scope.Find(parameter.Name) is not null)
                scope.Require(parameter.Name, parameter.Type);
        }
    }
}
