using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>
/// One unit of merging, which makes a run of the output's layers or all of the output: a slice, a module's models, or the models
/// of a recipe that has neither. Every recipe reduces to a list of these.
/// </summary>
/// <param name="Module">Name of the module; null if the recipe has no modules.</param>
/// <param name="Models">Models to merge, in order.</param>
/// <param name="Layers">Range of layers of each model; empty if models are taken whole.</param>
/// <param name="BaseModel">Base of the slice, or else of the recipe; null if there is none.</param>
/// <param name="Scopes">Parameters behind those of each model, innermost first: the slice's, the module's, the recipe's.</param>
/// <param name="Place">Location in the recipe.</param>
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

    /// <summary>A look-up of the parameters that belong to no single model.</summary>
    public ScopedParameters SharedParameters => new([.. Scopes]);

    /// <summary>Creates a look-up of the parameters of a model: its own, then those of the enclosing scopes.</summary>
    /// <param name="model">Position of the model in <see cref="Models"/>.</param>
    public ScopedParameters ParametersOf(int model) => new([Models[model].Parameters, .. Scopes]);

    /// <summary>Returns the parts of a recipe, in the order of the output's layers, module after module.</summary>
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
