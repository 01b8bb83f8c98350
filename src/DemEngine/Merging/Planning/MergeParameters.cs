using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>The parameters of one part of a recipe.</summary>
/// <param name="Shared">For what belongs to no one model.</param>
/// <param name="OfEach">For each model of the part, in its order.</param>
internal sealed record PartParameters(ScopedParameters Shared, IReadOnlyList<ScopedParameters> OfEach);

/// <summary>The parameters of a recipe and its stages, to be looked up part by part.</summary>
internal sealed class MergeParameters
{
    private readonly Dictionary<string, PartParameters[]> _ofStages;
    private readonly PartParameters[] _ofResult;

    public MergeParameters(Recipe recipe)
    {
        _ofResult = Of(recipe);
        _ofStages = recipe.Stages.ToDictionary(stage => stage.Name!.Value, Of, StringComparer.Ordinal);
    }

    /// <summary>The parameters of each part of a recipe.</summary>
    /// <param name="stage">The stage's name; null for the recipe that makes the result.</param>
    public IReadOnlyList<PartParameters> PartsOf(string? stage) => stage is null ? _ofResult : _ofStages[stage];

    private static PartParameters[] Of(Recipe recipe) =>
    [
        .. RecipePart.Of(recipe).Select(part => new PartParameters(
            part.SharedParameters, [.. Enumerable.Range(0, part.Models.Count).Select(part.ParametersOf)])),
    ];
}
