using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Cli.Grouping;

/// <summary>Says what element type and which shapes the tensors of a group have.</summary>
internal static class TensorShapes
{
    private const int MostShown = 2;

    /// <summary>Describes the type and the shapes in words.</summary>
    /// <param name="specs">Tensors of the group, all of one element type.</param>
    public static string Describe(IEnumerable<TensorSpec> specs)
    {
        TensorSpec[] different = [.. specs.DistinctBy(spec => spec.Shape)];
        string type = different[0].Type.SafetensorsName;
        return different.Length <= MostShown
            ? type + string.Join(", ", different.Select(spec => spec.Shape))
            : $"{type}, {different.Length} shapes";
    }

    /// <summary>Returns the type and the shapes as JSON.</summary>
    /// <param name="specs">Tensors of the group, all of one element type.</param>
    public static JsonObject ToJson(IEnumerable<TensorSpec> specs)
    {
        TensorSpec[] different = [.. specs.DistinctBy(spec => spec.Shape)];
        return new JsonObject
        {
            ["dtype"] = different[0].Type.SafetensorsName,
            ["shapes"] = new JsonArray([.. different.Select(spec => JsonValues.Of(spec.Shape.Dimensions))]),
        };
    }

    /// <summary>Returns a group as JSON.</summary>
    /// <param name="group">The group.</param>
    /// <param name="specOf">Function that gives the specification of a tensor by its position.</param>
    public static JsonObject ToJson(NameGroup group, Func<int, TensorSpec> specOf)
    {
        TensorSpec[] specs = [.. group.Members.Select(specOf)];
        return new JsonObject
        {
            ["name"] = group.Pattern.ToString(),
            ["tensors"] = specs.Length,
            ["dtype"] = specs[0].Type.SafetensorsName,
            ["shapes"] = new JsonArray([.. specs.Select(spec => spec.Shape).Distinct()
                .Select(shape => JsonValues.Of(shape.Dimensions))]),
            ["elements"] = specs.Sum(spec => spec.Shape.ElementCount),
            ["bytes"] = specs.Sum(spec => spec.ByteLength),
        };
    }
}
