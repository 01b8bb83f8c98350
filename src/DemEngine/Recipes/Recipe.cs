namespace DemEngine.Recipes;

/// <summary>
/// What to merge and how, as a recipe file says it: checked for its form, not yet against what the method takes. The schema is
/// mergekit's, less what this version does not do, and with <c>vector:</c> beside <c>model:</c>. Equal to another that says the
/// same.
/// </summary>
public sealed record Recipe
{
    /// <summary>The recipe's name as messages show it, and where things it lacks would stand.</summary>
    public RecipePlace Place { get; init; } = RecipePlace.None;

    /// <summary><c>merge_method</c>.</summary>
    public required RecipeText MergeMethod { get; init; }

    /// <summary><c>base_model</c>, or null.</summary>
    public ModelPath? BaseModel { get; init; }

    /// <summary><c>models</c>, in order; at least one.</summary>
    public required ValueList<RecipeModel> Models { get; init; }

    /// <summary>The top-level <c>parameters</c>, which hold for every model that does not give its own.</summary>
    public ParameterScope Parameters { get; init; } = ParameterScope.Empty;

    /// <summary>
    /// <c>dtype</c>, or null: one of float64, float32, bfloat16, float16, float8_e4m3fn and float8_e5m2, whichever of its names
    /// was written.
    /// </summary>
    public RecipeText? DType { get; init; }

    /// <summary><c>out_dtype</c>, or null; the names are those of <see cref="DType"/>.</summary>
    public RecipeText? OutDType { get; init; }

    /// <summary><c>tokenizer_source</c>, or null.</summary>
    public TokenizerSource? TokenizerSource { get; init; }

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
}
