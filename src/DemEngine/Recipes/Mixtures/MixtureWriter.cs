using System.Globalization;
using System.Text;
using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Mixtures;

/// <summary>Writes recipes for mixtures as YAML.</summary>
internal static class MixtureWriter
{
    public static string Write(MixtureRecipe recipe)
    {
        var text = new StringBuilder();
        Add(text, "base_model", YamlScalar.Write(recipe.BaseModel.Written));
        Add(text, "gate_mode", recipe.GateMode.Word());
        if (recipe.Architecture is { } architecture)
            Add(text, "architecture", YamlScalar.Write(architecture.Value));
        if (recipe.DType is { } type)
            Add(text, "dtype", type.Value);
        Add(text, "experts_per_token", recipe.ExpertsPerToken.ToString(CultureInfo.InvariantCulture));
        if (recipe.Seed != 0)
            Add(text, "seed", recipe.Seed.ToString(CultureInfo.InvariantCulture));
        AddExperts(text, "experts", recipe.Experts);
        if (recipe.SharedExperts.Count > 0)
            AddExperts(text, "shared_experts", recipe.SharedExperts);
        return text.ToString();
    }

    private static void AddExperts(StringBuilder text, string key, IEnumerable<MixtureExpert> experts)
    {
        text.Append(key).Append(":\n");
        foreach (MixtureExpert expert in experts)
        {
            Add(text, "- source_model", YamlScalar.Write(expert.Source.Written));
            AddPrompts(text, "positive_prompts", expert.PositivePrompts);
            AddPrompts(text, "negative_prompts", expert.NegativePrompts);
            if (expert.NoiseScale != 0)
                Add(text, "  noise_scale", Number(expert.NoiseScale));
            if (expert.ResidualScale != 1)
                Add(text, "  residual_scale", Number(expert.ResidualScale));
        }
    }

    private static void AddPrompts(StringBuilder text, string key, IReadOnlyCollection<string> prompts)
    {
        if (prompts.Count == 0)
            return;
        text.Append("  ").Append(key).Append(":\n");
        foreach (string prompt in prompts)
            text.Append("  - ").Append(YamlScalar.Write(prompt)).Append('\n');
    }

    private static void Add(StringBuilder text, string key, string value) =>
        text.Append(key).Append(": ").Append(value).Append('\n');

    // YAML 1.1 reads a number with an exponent as a text unless it has a point.
    private static string Number(float number)
    {
        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        int exponent = shortest.IndexOf('E', StringComparison.Ordinal);
        return exponent < 0 || shortest.Contains('.') ? shortest : shortest.Insert(exponent, ".0");
    }
}
