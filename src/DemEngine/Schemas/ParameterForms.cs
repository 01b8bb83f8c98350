using System.Text.Json.Nodes;
using DemEngine.Merging.Parts;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Schemas;

/// <summary>The parameters of merge methods, from what the methods themselves declare.</summary>
internal static class ParameterForms
{
    /// <summary>Makes the form of a mapping of parameters, of any method: those of others are passed over.</summary>
    public static JsonObject OfAny()
    {
        ILookup<string, MethodParameter> byName = MergeMethods.All.SelectMany(method => method.Parameters)
            .ToLookup(parameter => parameter.Name, StringComparer.Ordinal);
        IEnumerable<string> names = byName.Select(parameter => parameter.Key).Append(PassedOver.WithoutEffect).Distinct();
        JsonObject form = Form.Map(
            names.Order(StringComparer.Ordinal),
            name => name == PassedOver.WithoutEffect
                ? []
                : Form.Any([.. byName[name].Select(parameter => parameter.Type).Distinct().Select(OfType)]));
        return Form.Optional(form);
    }

    /// <summary>Makes the form of one method's own parameters, beside others.</summary>
    /// <param name="method">The method.</param>
    /// <param name="perModel">Whether they are those of a single model.</param>
    public static JsonObject Of(IMergeMethod method, bool perModel)
    {
        var properties = new JsonObject();
        foreach (MethodParameter parameter in method.Parameters)
        {
            properties[parameter.Name] = perModel && !parameter.PerModel
                ? false
                : OfType(parameter.Type).Says(parameter.Meaning);
        }

        return new JsonObject { ["properties"] = properties };
    }

    private static JsonObject OfType(ParameterType type)
    {
        JsonObject condition = Form.Map(
            ParameterReader.ConditionKeys,
            key => key switch
            {
                "filter" => Form.Optional(Form.Text()).Says("A text to find in the names of tensors."),
                "value" => Unconditional(type),
                _ => null,
            },
            "value");
        return Form.Any(Unconditional(type), Form.List(condition, least: 1));
    }

    private static JsonObject Unconditional(ParameterType type) => type switch
    {
        ParameterType.Number => Form.Any(Form.Number(), Form.List(Form.Number(), least: 1)),
        ParameterType.Integer => new JsonObject { ["type"] = "integer" },
        ParameterType.Flag => Flag(),
        ParameterType.Text => Form.Text(),
        ParameterType.FlagOrText => Form.Any(Flag(), Form.Text()),
        _ => throw new InvalidOperationException($"the schema has no form for {type}"),
    };

    /// <summary>Makes the form of true and false, in all spellings that the reader takes.</summary>
    public static JsonObject Flag() =>
        Form.Words([true, false, 0, 1, .. FlagWord.True.Concat(FlagWord.False).Select(word => (JsonNode?)word)]);
}
