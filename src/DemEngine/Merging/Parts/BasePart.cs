using DemEngine.Methods.Definition;
using DemEngine.Recipes;

namespace DemEngine.Merging.Parts;

/// <summary>The role of the base among the models of a recipe part.</summary>
internal static class BasePart
{
    /// <summary>
    /// Returns the position of the base among the models of a slice; −1 if it is not one of them or has no role of its own.
    /// </summary>
    public static int InSlice(RecipePart part, IMergeMethod method) =>
        TakesPart(part, method)
            ? part.Models.TakeWhile(model => !IsBase(model, part)).Count() is int k && k < part.Models.Count ? k : -1
            : -1;

    /// <summary>
    /// Returns the positions of the models that are sources. The base is not one of them where it has a role of its own. In a
    /// slice, layers of the base can be merged with other layers of the base, so only its first mention there is the base.
    /// </summary>
    public static IEnumerable<int> Sources(RecipePart part, IMergeMethod method)
    {
        int ofSlice = part.IsSlice ? InSlice(part, method) : -1;
        return Enumerable.Range(0, part.Models.Count)
            .Where(k => part.IsSlice ? k != ofSlice : !TakesPart(part, method) || !IsBase(part.Models[k], part));
    }

    /// <summary>Whether the sources enter the merge as their differences from the base.</summary>
    public static bool IsSubtracted(RecipePart part, IMergeMethod method) =>
        method.Base == BaseUse.Subtracted || (method.Base == BaseUse.SubtractedIfGiven && part.BaseModel is not null);

    /// <summary>Whether the base has a role of its own in the method.</summary>
    public static bool TakesPart(RecipePart part, IMergeMethod method) =>
        IsSubtracted(part, method) || method.Base == BaseUse.First;

    /// <summary>Whether a model of a part is its base.</summary>
    public static bool IsBase(RecipeModel model, RecipePart part) =>
        !model.IsVector && model.Path.Resolved == part.BaseModel?.Resolved;
}
