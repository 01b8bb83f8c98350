using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Mixtures;

/// <summary>Checks of a recipe for a mixture what can be checked without opening a model.</summary>
internal static class MixtureCheck
{
    /// <summary>Checks the number of experts and their prompts.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="ofPerToken">Location of <c>experts_per_token</c>.</param>
    /// <exception cref="DemException">
    /// DEM3010 (NoPrompts), DEM3011 (ExpertCount) or DEM3012 (PromptsAlike).
    /// </exception>
    public static void Run(MixtureRecipe recipe, SourceLocation ofPerToken)
    {
        if (recipe.Experts.Count < 2)
            throw recipe.Place.Error(
                ErrorCode.ExpertCount, $"a mixture needs at least two experts, and the recipe has {recipe.Experts.Count}");
        if (recipe.ExpertsPerToken < 1 || recipe.ExpertsPerToken > recipe.Experts.Count)
            throw ofPerToken.Error(
                ErrorCode.ExpertCount,
                $"{recipe.ExpertsPerToken} experts for each token are not between 1 and {recipe.Experts.Count}, "
                + "the number of experts");
        if (!recipe.GateMode.NeedsPrompts())
            return;
        if (recipe.Experts.FirstOrDefault(expert => expert.PositivePrompts.Count == 0) is { } silent)
            throw silent.Place.Error(
                ErrorCode.NoPrompts,
                $"the expert has no positive_prompts, from which gate_mode {recipe.GateMode.Word()} makes its row of the router");
        MixtureExpert first = recipe.Experts[0];
        if (recipe.Experts.All(expert =>
            expert.PositivePrompts.Equals(first.PositivePrompts) && expert.NegativePrompts.Equals(first.NegativePrompts)))
            throw recipe.Place.Error(
                ErrorCode.PromptsAlike, "all experts have the same prompts, so that the router could not tell them apart");
    }
}
