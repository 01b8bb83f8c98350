using DemEngine.Errors;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;

namespace DemEngine.Merging.Parts;

/// <summary>What the user should know about how a recipe is understood, before any model is looked at.</summary>
internal static class RecipeRemarks
{
    /// <summary>Finds the remarks on a recipe without its upstream recipes.</summary>
    /// <param name="recipe">A recipe that suits its method.</param>
    /// <param name="method">The recipe's method.</param>
    public static IEnumerable<string> Of(Recipe recipe, IMergeMethod method)
    {
        string of = recipe.Name is { } name ? $"{Quoted.Name(name.Value)}: " : "";
        string[] unused =
        [
            .. RecipePart.Of(recipe)
                .SelectMany(part => part.Scopes.Concat(part.Models.Select(model => model.Parameters)))
                .SelectMany(scope => PassedOver.In(scope, method))
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
        if (unused.Length > 0)
            yield return $"{of}{method.Name} does not use {Words(unused)}: other methods do, and here "
                + (unused.Length == 1 ? "it changes nothing" : "they change nothing");

        if (RecipePart.Of(recipe).Any(part => MergeParts.AddsBase(part, method)))
            yield return $"{of}{method.Name} merges the base {Quoted.Name(recipe.BaseModel!.Written)} as the last of the models, "
                + "with the parameters for all of them, since the recipe does not list it";

        if (RecipePart.Of(recipe).Any(part => MergeParts.LeavesBaseOut(part, method)))
            yield return $"{of}{method.Name} leaves out the base {Quoted.Name(recipe.BaseModel!.Written)}, which gives names and "
                + "configuration only, since the recipe neither lists it nor gives a weight for all models";

        foreach (RecipePart part in RecipePart.Of(recipe).Where(part => TakenAsIs.Applies(part, method)))
        {
            string what = part.IsSlice ? $"layer range [{part.Layers[0].First}, {part.Layers[0].End}]" : "the module";
            string where = part.Module is { } module ? $" {(part.IsSlice ? "of the module " : "")}{Quoted.Name(module)}" : "";
            yield return $"{of}{what}{where} is of {Quoted.Name(part.Models[0].Path.Written)} alone and taken as it is, "
                + $"since {method.Name} merges several";
        }
    }

    private static string Words(string[] words) =>
        words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} and {words[^1]}";
}
