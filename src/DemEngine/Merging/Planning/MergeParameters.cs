using DemEngine.Merging.Parts;
using DemEngine.Methods;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>The parameters of one part of a recipe.</summary>
/// <param name="Shared">Parameters that belong to no single model.</param>
/// <param name="OfEach">Parameters of each model of the part, in order.</param>
internal sealed record PartParameters(ScopedParameters Shared, IReadOnlyList<ScopedParameters> OfEach);

/// <summary>The parameters of a recipe and of its upstream recipes, looked up part by part.</summary>
internal sealed class MergeParameters
{
    private readonly Dictionary<string, PartParameters[]> _ofStages;
    private readonly PartParameters[] _ofResult;

    public MergeParameters(Recipe recipe)
    {
        _ofResult = Of(recipe);
        _ofStages = recipe.Stages.ToDictionary(stage => stage.Name!.Value, Of, StringComparer.Ordinal);
    }

    /// <summary>Returns the parameters of each part of a recipe.</summary>
    /// <param name="stage">Name of the upstream recipe; null for the recipe that makes the result.</param>
    public IReadOnlyList<PartParameters> PartsOf(string? stage) => stage is null ? _ofResult : _ofStages[stage];

    private static PartParameters[] Of(Recipe recipe) =>
    [
        .. MergeParts.Of(recipe, MergeMethods.Find(recipe.MergeMethod.Value)!).Select(part => new PartParameters(
            part.SharedParameters, [.. Enumerable.Range(0, part.Models.Count).Select(part.ParametersOf)])),
    ];
}
