using DemEngine.Errors;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Merging.Mixtures;

/// <summary>The architectures of mixtures that can be built, and the choice among them.</summary>
internal static class MixtureLayouts
{
    /// <summary>All architectures. The first one that takes the models and shared experts is built.</summary>
    public static readonly IReadOnlyList<MixtureLayout> All =
        [new MixtralLayout(), new DeepSeekLayout(), new Qwen2MoeLayout(), new Qwen3MoeLayout()];

    /// <summary>Chooses the architecture of a recipe's output: the one that it names, or the first one that fits.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="modelType">The <c>model_type</c> of its models.</param>
    /// <exception cref="DemException">
    /// DEM3013 (NoMixtureArchitecture): none fits. DEM3004 (WrongValue): none is so named.
    /// </exception>
    public static MixtureLayout Choose(MixtureRecipe recipe, string modelType)
    {
        MixtureLayout[] named = [.. All.Where(layout => IsNamed(layout, recipe.Architecture?.Value))];
        if (named.Length == 0)
        {
            string[] words = [.. All.Select(layout => layout.Words[0])];
            throw recipe.Architecture!.Place.Error(
                ErrorCode.WrongValue,
                $"unknown architecture {Quoted.Name(recipe.Architecture.Value)}"
                + $"{Misspelling.DidYouMean(recipe.Architecture.Value, words)}; known: {string.Join(", ", words)}");
        }

        MixtureLayout[] forModels = [.. named.Where(layout => layout.Sources.Contains(modelType))];
        if (forModels.FirstOrDefault(layout => layout.RefusalOf(recipe) is null) is { } fitting)
            return fitting;
        throw (recipe.Architecture?.Place ?? recipe.Place).Error(
            ErrorCode.NoMixtureArchitecture,
            forModels.Length > 0
                ? string.Join("; ", forModels.Select(layout => layout.RefusalOf(recipe)))
                : $"{named[0].Name} is not built from {modelType} models, but from {string.Join(" and ", named[0].Sources)}",
            forModels.Length > 0 ? null : "Leave out `architecture`, or give models of the kind that the message names.");
    }

    private static bool IsNamed(MixtureLayout layout, string? name) =>
        name is null || layout.Words.Contains(name.Trim().ToLowerInvariant(), StringComparer.Ordinal);
}
