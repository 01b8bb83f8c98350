using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>
/// What is merged in one run of the output's layers, or in all of the output: a slice, a module's models, or the models of a recipe that
/// has neither. A recipe always comes down to a list of these.
/// </summary>
/// <param name="Module">The module's name; null where the recipe has no modules.</param>
/// <param name="Models">What is merged, in order.</param>
/// <param name="Layers">One range for each model; empty where models are taken whole.</param>
/// <param name="BaseModel">The slice's base, or else the recipe's; null if there is none.</param>
/// <param name="Scopes">The parameters behind those of each model, innermost first: the slice's, the module's, the recipe's.</param>
/// <param name="Place">Where it stands.</param>
internal sealed record RecipePart(
    string? Module,
    IReadOnlyList<RecipeModel> Models,
    IReadOnlyList<LayerRange> Layers,
    ModelPath? BaseModel,
    IReadOnlyList<ParameterScope> Scopes,
    SourceLocation Place)
{
    /// <summary>Whether only some layers of each model are taken.</summary>
    public bool IsSlice => Layers.Count > 0;

    /// <summary>Looks up what belongs to no one model.</summary>
    public ScopedParameters SharedParameters => new([.. Scopes]);

    /// <summary>Looks up what belongs to a model: its own parameters, then those behind.</summary>
    /// <param name="model">Its position in <see cref="Models"/>.</param>
    public ScopedParameters ParametersOf(int model) => new([Models[model].Parameters, .. Scopes]);

    /// <summary>The parts of a recipe, in the order of the output's layers, module after module.</summary>
    public static IReadOnlyList<RecipePart> Of(Recipe recipe)
    {
        RecipePart Whole(string? module, ValueList<RecipeModel> models, ParameterScope[] scopes, SourceLocation place) =>
            new(module, models, [], recipe.BaseModel, scopes, place);

        RecipePart Sliced(string? module, RecipeSlice slice, ParameterScope[] scopes) => new(
            module,
            [.. slice.Sources.Select(source => source.Model)],
            [.. slice.Sources.Select(source => source.Layers)],
            slice.BaseModel ?? recipe.BaseModel,
            [slice.Parameters, .. scopes],
            slice.Place);

        if (recipe.Models.Count > 0)
            return [Whole(null, recipe.Models, [recipe.Parameters], recipe.Place)];
        if (recipe.Slices.Count > 0)
            return [.. recipe.Slices.Select(slice => Sliced(null, slice, [recipe.Parameters]))];
        return
        [
            .. recipe.Modules.SelectMany(module => module.Models.Count > 0
                ? [Whole(module.Name, module.Models, [module.Parameters, recipe.Parameters], module.Place)]
                : module.Slices.Select(slice => Sliced(module.Name, slice, [module.Parameters, recipe.Parameters]))),
        ];
    }
}
