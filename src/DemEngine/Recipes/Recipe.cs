using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>
/// A recipe: what to merge and how, as the recipe file says. Its form has been checked, but not yet whether it suits the method.
/// The schema is mergekit's, without the features that this version does not support, and with <c>vector:</c> beside
/// <c>model:</c>. Two recipes that say the same are equal.
/// </summary>
public sealed record Recipe
{
    /// <summary>The recipe's name as messages show it, and the location reported for keys that it lacks.</summary>
    public SourceLocation Place { get; init; } = SourceLocation.None;

    /// <summary>The <c>name</c>, by which other recipes of the same file use the result; or null.</summary>
    public RecipeText? Name { get; init; }

    /// <summary>The value of <c>merge_method</c>.</summary>
    public required RecipeText MergeMethod { get; init; }

    /// <summary>The value of <c>base_model</c>, or null.</summary>
    public ModelPath? BaseModel { get; init; }

    /// <summary>
    /// The entries of <c>models</c>, in order; empty if the recipe has <see cref="Slices"/> or <see cref="Modules"/>.
    /// </summary>
    public ValueList<RecipeModel> Models { get; init; } = [];

    /// <summary>
    /// The entries of <c>slices</c>, in order; empty if the recipe has <see cref="Models"/> or <see cref="Modules"/>.
    /// </summary>
    public ValueList<RecipeSlice> Slices { get; init; } = [];

    /// <summary>
    /// The entries of <c>modules</c>, in order; empty if the recipe has <see cref="Models"/> or <see cref="Slices"/>.
    /// </summary>
    public ValueList<RecipeModule> Modules { get; init; } = [];

    /// <summary>The top-level <c>parameters</c>, which apply wherever no inner scope gives a value.</summary>
    public ParameterScope Parameters { get; init; } = ParameterScope.Empty;

    /// <summary>
    /// The value of <c>dtype</c>, or null: one of float64, float32, bfloat16, float16, float8_e4m3fn and float8_e5m2, whichever
    /// alias of it was written.
    /// </summary>
    public RecipeText? DType { get; init; }

    /// <summary>The value of <c>out_dtype</c>, or null; the names are those of <see cref="DType"/>.</summary>
    public RecipeText? OutDType { get; init; }

    /// <summary>The value of <c>gradient_after_layers</c>: the end of gradients for what follows the layers.</summary>
    public AfterLayers GradientAfterLayers { get; init; } = AfterLayers.First;

    /// <summary>The value of <c>tokenizer_source</c> or <c>tokenizer.source</c>; null if the vocabulary stays as it is.</summary>
    public TokenizerSource? TokenizerSource { get; init; }

    /// <summary>The entries of <c>tokenizer.tokens</c>; empty without <see cref="TokenizerSource"/>.</summary>
    public ValueList<TokenRule> Tokens { get; init; } = [];

    /// <summary>The value of <c>tokenizer.pad_to_multiple_of</c>, or null; null without <see cref="TokenizerSource"/>.</summary>
    public int? PadToMultipleOf { get; init; }

    /// <summary>
    /// The value of <c>chat_template</c>, or null: <c>auto</c>, the name of a template, or a template's own text in Jinja.
    /// </summary>
    public RecipeText? ChatTemplate { get; init; }

    /// <summary>
    /// The upstream recipes: the named recipes of the same file that this one needs, each after those that it needs itself. A
    /// <see cref="ModelPath"/> with <see cref="ModelPath.IsStage"/> names one of them.
    /// </summary>
    public ValueList<Recipe> Stages { get; init; } = [];

    /// <summary>Creates a look-up of the parameters that belong to no single model.</summary>
    /// <returns>A look-up in the top-level parameters.</returns>
    public ScopedParameters GlobalParameters() => new(Parameters);

    /// <summary>Creates a look-up of the parameters of one model: its own, then those for all models.</summary>
    /// <param name="model">Position of the model in <see cref="Models"/>.</param>
    /// <returns>A look-up in the model's parameters and the top-level parameters.</returns>
    public ScopedParameters ParametersOf(int model) => new(Models[model].Parameters, Parameters);

    /// <summary>
    /// Writes the recipe as YAML that reads back as an equal recipe, except for <see cref="ModelPath.Resolved"/>.
    /// </summary>
    /// <returns>The YAML text; every line ends with a line feed.</returns>
    public string ToYaml() => RecipeWriter.Write(this);

    /// <summary>Returns the recipe with every path replaced, including those of its upstream recipes.</summary>
    internal Recipe WithPaths(Func<ModelPath, ModelPath> replace)
    {
        ModelPath? Optional(ModelPath? path) => path is null ? null : replace(path);
        RecipeModel Model(RecipeModel model) => model with { Path = replace(model.Path) };
        RecipeSlice Slice(RecipeSlice slice) => slice with
        {
            BaseModel = Optional(slice.BaseModel),
            Sources = [.. slice.Sources.Select(source => source with { Model = Model(source.Model) })],
        };
        TokenRule Token(TokenRule rule) => rule with
        {
            Source = rule.Source switch
            {
                ModelEmbedding embedding => new ModelEmbedding(replace(embedding.Model)),
                ModelTokenEmbedding embedding => embedding with { Model = replace(embedding.Model) },
                _ => rule.Source,
            },
        };
        return this with
        {
            BaseModel = Optional(BaseModel),
            Models = [.. Models.Select(Model)],
            Slices = [.. Slices.Select(Slice)],
            Modules =
            [
                .. Modules.Select(module => module with
                {
                    Models = [.. module.Models.Select(Model)],
                    Slices = [.. module.Slices.Select(Slice)],
                }),
            ],
            TokenizerSource = TokenizerSource is { } source ? source with { Path = Optional(source.Path) } : null,
            Tokens = [.. Tokens.Select(Token)],
            Stages = [.. Stages.Select(stage => stage.WithPaths(replace))],
        };
    }

    /// <summary>Returns the recipe with a parameter set.</summary>
    /// <param name="parameter">Parameter to set; it replaces the one of the same name if there is one.</param>
    /// <param name="model">Position of the model whose parameter it is; null for the top-level parameters.</param>
    public Recipe With(Parameter parameter, int? model = null) => model is null
        ? this with { Parameters = Parameters.With(parameter) }
        : this with
        {
            Models =
            [
                .. Models.Select((one, k) => k == model ? one with { Parameters = one.Parameters.With(parameter) } : one),
            ],
        };
}
