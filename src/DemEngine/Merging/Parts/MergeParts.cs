using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Parts;

/// <summary>
/// The parts of a recipe with the models that are merged. Where the base is a source like the others and a part of whole models
/// leaves it out, it is added as the last, with the parameters that the recipe gives for all models, as in mergekit.
/// </summary>
internal static class MergeParts
{
    /// <summary>Returns the parts of a recipe, in the order of <see cref="RecipePart.Of"/>.</summary>
    public static IReadOnlyList<RecipePart> Of(Recipe recipe, IMergeMethod method) =>
    [
        .. RecipePart.Of(recipe).Select(part => AddsBase(part, method)
            ? part with
            {
                Models =
                [
                    .. part.Models,
                    new RecipeModel(
                        part.BaseModel!,
                        IsVector: false,
                        new ParameterScope([], part.BaseModel!.Place),
                        part.BaseModel.Place),
                ],
            }
            : part),
    ];

    /// <summary>Whether the base is added to a part of the recipe.</summary>
    /// <param name="part">Part of the recipe, as <see cref="RecipePart.Of"/> gives it.</param>
    /// <param name="method">Method of the recipe.</param>
    public static bool AddsBase(RecipePart part, IMergeMethod method) => LacksBase(part, method) && HasWeight(part, method);

    /// <summary>
    /// Whether the base takes no part although the method would merge it: nothing lists it, and no weight is given for it.
    /// </summary>
    /// <param name="part">Part of the recipe, as <see cref="RecipePart.Of"/> gives it.</param>
    /// <param name="method">Method of the recipe.</param>
    public static bool LeavesBaseOut(RecipePart part, IMergeMethod method) => LacksBase(part, method) && !HasWeight(part, method);

    private static bool LacksBase(RecipePart part, IMergeMethod method) =>
        method.Base == BaseUse.Joined
        && !part.IsSlice
        && part.BaseModel is not null
        && !part.Models.Any(model => BasePart.IsBase(model, part));

    // A linear merge needs a weight for each model; other methods have one by default.
    private static bool HasWeight(RecipePart part, IMergeMethod method) =>
        method is not Linear || part.Scopes.Any(scope => scope.Find("weight") is not null);
}
