using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Parts;

/// <summary>
/// The parameters that a recipe gives and its method has no use for, although another method has. Recipes carry them along when
/// their method is exchanged, and mergekit passes over them, so they are remarked and not refused.
/// </summary>
internal static class PassedOver
{
    /// <summary>A parameter that tells how mergekit stores its masks, which changes no result of any method.</summary>
    public const string WithoutEffect = "int8_mask";

    /// <summary>Whether a parameter changes nothing with a method.</summary>
    /// <param name="name">Name of the parameter.</param>
    /// <param name="method">Method of the recipe.</param>
    public static bool Includes(string name, IMergeMethod method) =>
        name == WithoutEffect
        || (!Has(method, name) && MergeMethods.All.Any(other => Has(other, name)));

    /// <summary>Finds the names of a scope's parameters that a method neither has nor documents as without effect.</summary>
    public static IEnumerable<string> In(ParameterScope scope, IMergeMethod method) =>
        scope.Parameters.Select(parameter => parameter.Name).Where(name => Includes(name, method) && !Has(method, name));

    private static bool Has(IMergeMethod method, string name) => method.Parameters.Any(parameter => parameter.Name == name);
}
