using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DemEngine.Recipes;

/// <summary>
/// Writes recipes as YAML that YAML 1.1 readers, mergekit's among them, and 1.2 readers take alike: no number without a point in
/// its mantissa has an exponent, and no text that could be anything else goes without quotes.
/// </summary>
internal static partial class RecipeWriter
{
    private static readonly HashSet<string> Words11 =
        new(["y", "n", "yes", "no", "on", "off", "true", "false", "null"], StringComparer.OrdinalIgnoreCase);

    public static string Write(Recipe recipe)
    {
        var yaml = new StringBuilder();
        Line(yaml, 0, "merge_method", Text(recipe.MergeMethod.Value));
        if (recipe.BaseModel is { } baseModel) Line(yaml, 0, "base_model", Text(baseModel.Written));
        yaml.Append("models:\n");
        foreach (RecipeModel model in recipe.Models)
        {
            yaml.Append("  - ");
            Line(yaml, 0, model.IsVector ? "vector" : "model", Text(model.Path.Written));
            Scope(yaml, 4, model.Parameters);
        }

        Scope(yaml, 0, recipe.Parameters);
        if (recipe.DType is { } dtype) Line(yaml, 0, "dtype", Text(dtype.Value));
        if (recipe.OutDType is { } outDType) Line(yaml, 0, "out_dtype", Text(outDType.Value));
        if (recipe.TokenizerSource is { } source) Line(yaml, 0, "tokenizer_source", Text(source.Path?.Written ?? "base"));
        return yaml.ToString();
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

    private static string Text(string text)
    {
        if (Safe().IsMatch(text) && !Words11.Contains(text)) return text;
        var quoted = new StringBuilder("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\') quoted.Append('\\').Append(rune);
            else if (rune.Value is >= 0x20 and < 0x7F || (rune.IsBmp && Rune.IsLetterOrDigit(rune))) quoted.Append(rune);
            else if (rune.IsBmp) quoted.Append($"\\u{rune.Value:X4}");
            else quoted.Append($"\\U{rune.Value:X8}");
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"\A(\.{0,2}/|[A-Za-z_])[A-Za-z0-9_./-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Safe();
}
