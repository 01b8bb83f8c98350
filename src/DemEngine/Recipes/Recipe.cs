using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>
/// What to merge and how, as a recipe file says it: checked for its form, not yet against what the method takes. The schema is
/// mergekit's, less what this version does not do, and with <c>vector:</c> beside <c>model:</c>. Equal to another that says the
/// same.
/// </summary>
public sealed record Recipe
{
    /// <summary>The recipe's name as messages show it, and where things it lacks would stand.</summary>
    public SourceLocation Place { get; init; } = SourceLocation.None;

    /// <summary><c>name</c>, by which other recipes of the same file use the result; or null.</summary>
    public RecipeText? Name { get; init; }

    /// <summary><c>merge_method</c>.</summary>
    public required RecipeText MergeMethod { get; init; }

    /// <summary><c>base_model</c>, or null.</summary>
    public ModelPath? BaseModel { get; init; }

    /// <summary><c>models</c>, in order; empty where the recipe has <see cref="Slices"/> or <see cref="Modules"/>.</summary>
    public ValueList<RecipeModel> Models { get; init; } = [];

    /// <summary><c>slices</c>, in order; empty where the recipe has <see cref="Models"/> or <see cref="Modules"/>.</summary>
    public ValueList<RecipeSlice> Slices { get; init; } = [];

    /// <summary><c>modules</c>, in order; empty where the recipe has <see cref="Models"/> or <see cref="Slices"/>.</summary>
    public ValueList<RecipeModule> Modules { get; init; } = [];

    /// <summary>The top-level <c>parameters</c>, which hold for everything that does not give its own.</summary>
    public ParameterScope Parameters { get; init; } = ParameterScope.Empty;

    /// <summary>
    /// <c>dtype</c>, or null: one of float64, float32, bfloat16, float16, float8_e4m3fn and float8_e5m2, whichever of its names
    /// was written.
    /// </summary>
    public RecipeText? DType { get; init; }

    /// <summary><c>out_dtype</c>, or null; the names are those of <see cref="DType"/>.</summary>
    public RecipeText? OutDType { get; init; }

    /// <summary><c>tokenizer_source</c> or <c>tokenizer.source</c>, or null: the vocabulary stays as it is.</summary>
    public TokenizerSource? TokenizerSource { get; init; }

    /// <summary><c>tokenizer.tokens</c>; empty without <see cref="TokenizerSource"/>.</summary>
    public ValueList<TokenRule> Tokens { get; init; } = [];

    /// <summary><c>tokenizer.pad_to_multiple_of</c>, or null; null without <see cref="TokenizerSource"/>.</summary>
    public int? PadToMultipleOf { get; init; }

    /// <summary>
    /// The named recipes of the same file that this one needs, each after those that it needs itself. A <see cref="ModelPath"/> with
    /// <see cref="ModelPath.IsStage"/> names one of them.
    /// </summary>
    public ValueList<Recipe> Stages { get; init; } = [];

    /// <summary>The parameters for all models, to look up what does not belong to any one of them.</summary>
    /// <returns>A look-up in the top-level parameters.</returns>
    public ScopedParameters GlobalParameters() => new(Parameters);

    /// <summary>The parameters for one model: its own, then those for all.</summary>
    /// <param name="model">The model's position in <see cref="Models"/>.</param>
    /// <returns>A look-up in both.</returns>
    public ScopedParameters ParametersOf(int model) => new(Models[model].Parameters, Parameters);

    /// <summary>Writes the recipe as YAML that reads back as an equal recipe, but for <see cref="ModelPath.Resolved"/>.</summary>
    /// <returns>The YAML, each line ended by a line feed.</returns>
    public string ToYaml() => RecipeWriter.Write(this);

    /// <summary>The recipe with every path replaced, those of its stages too.</summary>
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
            Modules = [.. Modules.Select(module => module with { Models = [.. module.Models.Select(Model)], Slices = [.. module.Slices.Select(Slice)] })],
            TokenizerSource = TokenizerSource is { } source ? source with { Path = Optional(source.Path) } : null,
            Tokens = [.. Tokens.Select(Token)],
            Stages = [.. Stages.Select(stage => stage.WithPaths(replace))],
        };
    }

    /// <summary>The recipe with a parameter set.</summary>
    /// <param name="parameter">In the place of the one of that name, if there is one.</param>
    /// <param name="model">Position of the model whose parameter it is; null for the top-level parameters.</param>
    public Recipe With(Parameter parameter, int? model = null) => model is null
        ? this with { Parameters = Parameters.With(parameter) }
        : this with { Models = [.. Models.Select((one, k) => k == model ? one with { Parameters = one.Parameters.With(parameter) } : one)] };
}
