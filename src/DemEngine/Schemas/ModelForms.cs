using System.Text.Json.Nodes;
using DemEngine.Recipes;

namespace DemEngine.Schemas;

/// <summary>What is merged: models, slices and modules.</summary>
internal static class ModelForms
{
    /// <summary>Name of the form of a model's path.</summary>
    public const string Path = "path";

    /// <summary>Name of the form of parameters.</summary>
    public const string Parameters = "parameters";

    /// <summary>Makes the form of a model's path, or of mergekit's mapping in place of one.</summary>
    public static JsonObject PathForm() => Form.Any(
        Form.Text().Says("Path of a folder or file, an id in the local Hugging Face cache, or model+adapter."),
        Reference());

    /// <summary>Makes the form of the value of <c>models</c>.</summary>
    public static JsonObject Models() => Form.List(
        Form.Map(ModelSchema.ModelKeys, OfModel).OneOf("model", "vector"), least: 1).Says("The models to merge.");

    /// <summary>Makes the form of the value of <c>slices</c>.</summary>
    public static JsonObject Slices()
    {
        JsonObject source = Form.Map(
            ModelSchema.SliceSourceKeys,
            key => key == "layer_range"
                ? Form.List(Form.Count(0), least: 2).With("maxItems", 2).Says("The first layer, and the one after the last.")
                : OfModel(key),
            "layer_range").OneOf("model", "vector");
        JsonObject slice = Form.Map(
            ModelSchema.SliceKeys,
            key => key switch
            {
                "sources" => Form.List(source, least: 1),
                "base_model" => Form.Optional(Form.Ref(Path)),
                "parameters" => Form.Ref(Parameters),
                _ => null,
            },
            "sources");
        return Form.List(slice, least: 1).Says("Layers of the result, one slice after the other.");
    }

    /// <summary>Makes the form of the value of <c>modules</c>.</summary>
    public static JsonObject Modules()
    {
        JsonObject module = Form.Map(
            ModelSchema.ModuleKeys,
            key => key switch
            {
                "models" => Models(),
                "slices" => Slices(),
                "parameters" => Form.Ref(Parameters),
                _ => null,
            }).OneOf("models", "slices");
        return Form.MapOf(module).With("minProperties", 1).Says("Parts of the model that are merged in ways of their own.");
    }

    private static JsonObject? OfModel(string key) => key switch
    {
        "model" => Form.Ref(Path).Says("A model to merge."),
        "vector" => Form.Ref(Path).Says("A distribution vector, in place of a model."),
        "lora" => Form.Optional(Form.Ref(Path)).Says("An adapter of the model."),
        "parameters" => Form.Ref(Parameters),
        _ => null,
    };

    private static JsonObject Reference()
    {
        JsonObject reference = Form.Map(
            [.. ModelSchema.ReferenceKeys, "revision", "override_architecture"],
            key => key switch
            {
                "model" or "path" => Form.Ref(Path),
                "lora" => Form.Optional(Form.Ref(Path)),
                "revision" or "override_architecture" => Form.Nothing(),
                _ => null,
            });
        return reference.OneOf("model", "path");
    }

    private static JsonObject With(this JsonObject form, string keyword, int value)
    {
        form[keyword] = value;
        return form;
    }
}
