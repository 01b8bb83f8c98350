using System.Text.Json.Nodes;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;

namespace DemEngine.Schemas;

/// <summary>
/// The language of recipes as a JSON Schema, for editors. It is made from the keys that the reader of recipes takes and from what
/// the methods declare, so that a new key, method or parameter is in it or is missed at once.
/// </summary>
internal static class RecipeJsonSchema
{
    /// <summary>The dialect of all schemas here.</summary>
    public const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    /// <summary>Makes the schema.</summary>
    public static JsonObject Make()
    {
        JsonObject recipe = Form.Map(RecipeSchema.Keys, OfKey, "merge_method").OneOf("models", "slices", "modules");
        recipe["allOf"] = new JsonArray([.. MergeMethods.All.Select(OfMethod)]);
        recipe["$defs"] = new JsonObject
        {
            [ModelForms.Path] = ModelForms.PathForm(),
            [ModelForms.Parameters] = ParameterForms.OfAny(),
        };
        var document = new JsonObject { ["$schema"] = Dialect, ["title"] = "A merge of models" };
        foreach (var (keyword, value) in recipe.ToArray())
        {
            recipe.Remove(keyword);
            document[keyword] = value;
        }

        return document;
    }

    private static JsonObject? OfKey(string key) => key switch
    {
        "name" => Form.Optional(Form.Text()).Says("Name of the result, for other recipes of the file."),
        "merge_method" => Methods().Says("The method."),
        "base_model" => Form.Optional(Form.Ref(ModelForms.Path)).Says("The model that the others were tuned from."),
        "models" => ModelForms.Models(),
        "slices" => ModelForms.Slices(),
        "modules" => ModelForms.Modules(),
        "parameters" => Form.Ref(ModelForms.Parameters).Says("Parameters of the method, for all models."),
        "dtype" => ElementTypeForm.Of().Says("Element type of the result, where out_dtype is not given."),
        "out_dtype" => ElementTypeForm.Of(OutputForms.All).Says("Element type or quantised form of the result."),
        "gradient_after_layers" => Form.Words("first", "last", null)
            .Says("Which end of a gradient what follows the layers has; first where it is not given."),
        "tokenizer_source" => TokenizerForms.Source().Says("Whose vocabulary the result has: base, union, or a model's."),
        "tokenizer" => TokenizerForms.Tokenizer(),
        "chat_template" => Form.Optional(Form.Text()).Says("auto, the name of a chat template, or its text."),
        _ => null,
    };

    private static JsonObject Methods() => new()
    {
        ["oneOf"] = new JsonArray([.. MergeMethods.All.Select(method =>
            new JsonObject { ["const"] = method.Name, ["description"] = method.Summary })]),
    };

    /// <summary>Makes what holds of recipes with a method: its own parameters have their types, where they may stand.</summary>
    private static JsonObject OfMethod(IMergeMethod method)
    {
        JsonObject Having(string key, JsonObject form) => new() { ["properties"] = new JsonObject { [key] = form } };
        JsonObject Items(JsonObject form) => new() { ["items"] = form };
        JsonObject Whole() => Having("parameters", ParameterForms.Of(method, perModel: false));
        JsonObject Models() => Items(Having("parameters", ParameterForms.Of(method, perModel: true)));
        JsonObject Slices() => Items(Both(Whole(), Having("sources", Models())));
        JsonObject Parts() => Both(Whole(), Both(Having("models", Models()), Having("slices", Slices())));
        return new JsonObject
        {
            ["if"] = Having("merge_method", new JsonObject { ["const"] = method.Name }),
            ["then"] = Both(Parts(), Having("modules", new JsonObject { ["additionalProperties"] = Parts() })),
        };
    }

    private static JsonObject Both(JsonObject one, JsonObject other)
    {
        var properties = (JsonObject)one["properties"]!;
        foreach (var (key, form) in ((JsonObject)other["properties"]!).ToArray())
            properties[key] = form!.DeepClone();
        return one;
    }
}
