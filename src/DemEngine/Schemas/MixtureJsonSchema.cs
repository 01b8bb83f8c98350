using System.Text.Json.Nodes;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Schemas;

/// <summary>The language of recipes for mixtures of experts as a JSON Schema, for editors.</summary>
internal static class MixtureJsonSchema
{
    /// <summary>Makes the schema.</summary>
    public static JsonObject Make()
    {
        JsonObject recipe = Form.Map(MixtureSchema.Keys, OfKey, "base_model", "experts");
        var document = new JsonObject { ["$schema"] = RecipeJsonSchema.Dialect, ["title"] = "A mixture of experts" };
        foreach (var (keyword, value) in recipe.ToArray())
        {
            recipe.Remove(keyword);
            document[keyword] = value;
        }

        document["$defs"] = new JsonObject { [ModelForms.Path] = ModelForms.PathForm() };
        return document;
    }

    private static JsonObject? OfKey(string key) => key switch
    {
        "base_model" => Form.Ref(ModelForms.Path).Says("The model that everything but the MLPs is taken from."),
        "experts" => Form.List(Expert(), least: 1).Says("Models that give their MLPs."),
        "shared_experts" => Form.Optional(Form.List(Expert(), least: 0)).Says("Models whose MLPs are always used."),
        "gate_mode" => Form.Words([.. GateModes.All.Select(mode => (JsonNode?)mode.Word), null]).Says("How routers are made."),
        "dtype" => ElementTypeForm.Of().Says("Element type of the result."),
        "experts_per_token" => Form.Count(0).Says("Experts that compute each token."),
        "architecture" => Form.Optional(Form.Text()).Says("Architecture of the result."),
        "seed" => Form.Count(0).Says("Seed of the random numbers."),
        _ => null,
    };

    private static JsonObject Expert() => Form.Map(
        MixtureSchema.ExpertKeys,
        key => key switch
        {
            "source_model" => Form.Ref(ModelForms.Path).Says("The model that gives its MLPs."),
            "positive_prompts" => Prompts().Says("Texts that the expert is for."),
            "negative_prompts" => Prompts().Says("Texts that it is not for."),
            "residual_scale" => Form.Optional(Form.Number()).Says("Factor of what the expert adds."),
            "noise_scale" => Form.Optional(new JsonObject { ["type"] = "number", ["minimum"] = 0 })
                .Says("Standard deviation of the noise that is added to its weights."),
            _ => null,
        },
        "source_model");

    private static JsonObject Prompts() => Form.Optional(Form.List(Form.Text(), least: 0));
}
