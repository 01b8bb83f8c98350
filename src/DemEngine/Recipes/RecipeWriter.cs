using System.Globalization;
using System.Text;
using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>
/// Writes recipes as YAML that YAML 1.1 readers (including mergekit's) and YAML 1.2 readers understand alike: every number with
/// an exponent has a decimal point in its mantissa, and every text that could be read as something else is quoted.
/// </summary>
internal static class RecipeWriter
{
    public static string Write(Recipe recipe)
    {
        var yaml = new StringBuilder();
        foreach (Recipe stage in recipe.Stages)
        {
            One(yaml, stage);
            yaml.Append("---\n");
        }

        One(yaml, recipe);
        return yaml.ToString();
    }

    private static void One(StringBuilder yaml, Recipe recipe)
    {
        if (recipe.Name is { } name) Line(yaml, 0, "name", Text(name.Value));
        Line(yaml, 0, "merge_method", Text(recipe.MergeMethod.Value));
        if (recipe.BaseModel is { } baseModel) Line(yaml, 0, "base_model", Model(baseModel));
        Models(yaml, 0, recipe.Models);
        Slices(yaml, 0, recipe.Slices);
        if (recipe.Modules.Count > 0) yaml.Append("modules:\n");
        foreach (RecipeModule module in recipe.Modules)
        {
            yaml.Append("  ").Append(Text(module.Name)).Append(":\n");
            Models(yaml, 4, module.Models);
            Slices(yaml, 4, module.Slices);
            Scope(yaml, 4, module.Parameters);
        }

        Scope(yaml, 0, recipe.Parameters);
        if (recipe.DType is { } dtype) Line(yaml, 0, "dtype", Text(dtype.Value));
        if (recipe.OutDType is { } outDType) Line(yaml, 0, "out_dtype", Text(outDType.Value));
        if (recipe.GradientAfterLayers == AfterLayers.Last) Line(yaml, 0, "gradient_after_layers", "last");
        Tokenizer(yaml, recipe);
        if (recipe.ChatTemplate is { } template) Line(yaml, 0, "chat_template", Text(template.Value));
    }

    private static void Models(StringBuilder yaml, int indent, ValueList<RecipeModel> models)
    {
        if (models.Count > 0) yaml.Append(' ', indent).Append("models:\n");
        foreach (RecipeModel model in models)
        {
            Item(yaml, indent + 2, model);
            Scope(yaml, indent + 4, model.Parameters);
        }
    }

    private static void Slices(StringBuilder yaml, int indent, ValueList<RecipeSlice> slices)
    {
        if (slices.Count > 0) yaml.Append(' ', indent).Append("slices:\n");
        foreach (RecipeSlice slice in slices)
        {
            yaml.Append(' ', indent + 2).Append("- sources:\n");
            foreach (RecipeSliceSource source in slice.Sources)
            {
                Item(yaml, indent + 6, source.Model);
                Line(yaml, indent + 8, "layer_range", $"[{source.Layers.First}, {source.Layers.End}]");
                Scope(yaml, indent + 8, source.Model.Parameters);
            }

            if (slice.BaseModel is { } baseModel) Line(yaml, indent + 4, "base_model", Model(baseModel));
            Scope(yaml, indent + 4, slice.Parameters);
        }
    }

    private static void Item(StringBuilder yaml, int indent, RecipeModel model)
    {
        yaml.Append(' ', indent).Append("- ");
        Line(yaml, 0, model.IsVector ? "vector" : "model", Model(model.Path));
    }

    // An adapter that is given apart stays so, since a path may have a plus in it.
    private static string Model(ModelPath path) => path.Lora is { } lora
        ? $"{{model: {Text(path.WrittenModel)}, lora: {Text(lora)}}}"
        : Text(path.Written);

    private static void Tokenizer(StringBuilder yaml, Recipe recipe)
    {
        if (recipe.TokenizerSource is not { } source) return;
        string from = source.IsUnion ? "union" : source.Path is null ? "base" : Model(source.Path);
        if (recipe.Tokens.Count == 0 && recipe.PadToMultipleOf is null)
        {
            Line(yaml, 0, "tokenizer_source", from);
            return;
        }

        yaml.Append("tokenizer:\n");
        Line(yaml, 2, "source", from);
        if (recipe.Tokens.Count > 0) yaml.Append("  tokens:\n");
        foreach (TokenRule rule in recipe.Tokens)
        {
            yaml.Append("    ").Append(Text(rule.Token)).Append(rule.Source is null ? ": {}\n" : ":\n");
            Embedding(yaml, rule.Source);
            if (rule.Force) Line(yaml, 6, "force", "true");
        }

        if (recipe.PadToMultipleOf is { } multiple)
            Line(yaml, 2, "pad_to_multiple_of", multiple.ToString(CultureInfo.InvariantCulture));
    }

    private static void Embedding(StringBuilder yaml, TokenEmbedding? embedding)
    {
        switch (embedding)
        {
            case ModelEmbedding one:
                Line(yaml, 6, "source", Model(one.Model));
                break;
            case ModelTokenEmbedding one:
                yaml.Append("      source:\n");
                Line(yaml, 8, "kind", "model_token");
                Line(yaml, 8, "model", Model(one.Model));
                if (one.Token is { } token) Line(yaml, 8, "token", Text(token));
                if (one.Id is { } id) Line(yaml, 8, "token_id", id.ToString(CultureInfo.InvariantCulture));
                break;
            case ZeroEmbedding:
                yaml.Append("      source:\n");
                Line(yaml, 8, "kind", "zero");
                break;
        }
    }

    private static void Scope(StringBuilder yaml, int indent, ParameterScope scope)
    {
        if (scope.Parameters.Count == 0) return;
        yaml.Append(' ', indent).Append("parameters:\n");
        foreach (Parameter parameter in scope.Parameters)
        {
            if (parameter.Value is UnconditionalValue value)
            {
                Line(yaml, indent + 2, Text(parameter.Name), Value(value));
                continue;
            }

            yaml.Append(' ', indent + 2).Append(Text(parameter.Name)).Append(":\n");
            foreach (Condition condition in ((ConditionalValue)parameter.Value).Conditions)
            {
                yaml.Append(' ', indent + 4).Append("- ");
                if (condition.Filter is { } filter)
                {
                    Line(yaml, 0, "filter", Text(filter));
                    yaml.Append(' ', indent + 6);
                }

                Line(yaml, 0, "value", Value(condition.Value));
            }
        }
    }

    private static void Line(StringBuilder yaml, int indent, string key, string value) =>
        yaml.Append(' ', indent).Append(key).Append(": ").Append(value).Append('\n');

    private static string Value(UnconditionalValue value) => value switch
    {
        NumberValue number => Number(number.Number),
        FlagValue flag => flag.Flag ? "true" : "false",
        TextValue text => Text(text.Text),
        GradientValue gradient => $"[{string.Join(", ", gradient.Points.Select(Number))}]",
        _ => throw new InvalidOperationException($"unexpected {value}"),
    };

    private static string Number(double number)
    {
        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        int exponent = shortest.IndexOf('E', StringComparison.Ordinal);
        return exponent < 0 || shortest.Contains('.') ? shortest : shortest.Insert(exponent, ".0");
    }

    private static string Text(string text) => YamlScalar.Write(text);
}
