using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Numerics;

namespace DemEngine.Cli.Output;

/// <summary>Prints a <see cref="CheckpointDiff"/> as a table or as JSON.</summary>
internal static class DiffPrinter
{
    public static void PrintText(CheckpointDiff diff)
    {
        foreach (string tensor in diff.OnlyInA)
            Console.Out.WriteLine($"only in the first: {Printable.Text(tensor)}");
        foreach (string tensor in diff.OnlyInB)
            Console.Out.WriteLine($"only in the second: {Printable.Text(tensor)}");

        TensorDiff[] different = [.. diff.Different];
        if (different.Length > 0)
        {
            TablePrinter.Print(
                ["tensor", "first", "second", " differing", " of", " largest", "at"],
                different.Select(tensor => new[]
                {
                    tensor.Name,
                    Describe(tensor.A),
                    Describe(tensor.B),
                    tensor.IsCompared ? $"{tensor.DifferingElements}" : "not compared",
                    $"{tensor.A.Shape.ElementCount}",
                    tensor.Largest is { } largest ? $"{largest:g6}" : "",
                    tensor.Largest is null ? "" : $"[{string.Join(", ", tensor.LargestAt)}]",
                }));
        }

        Console.Out.WriteLine(
            diff.IsIdentical
                ? $"identical: {diff.Common.Length} tensors"
                : $"different: {different.Length} of {diff.Common.Length}"
                    + " common tensors, "
                    + $"{diff.OnlyInA.Length} only in the first, {diff.OnlyInB.Length} only in the second");
    }

    public static void PrintJson(CheckpointDiff diff) => Console.Out.WriteLine(new JsonObject
    {
        ["a"] = diff.A,
        ["b"] = diff.B,
        ["identical"] = diff.IsIdentical,
        ["only_in_a"] = JsonValues.Of(diff.OnlyInA),
        ["only_in_b"] = JsonValues.Of(diff.OnlyInB),
        ["common"] = diff.Common.Length,
        ["different"] = new JsonArray([.. diff.Different.Select(tensor => new JsonObject
        {
            ["name"] = tensor.Name,
            ["a"] = ToJson(tensor.A),
            ["b"] = ToJson(tensor.B),
            ["compared"] = tensor.IsCompared,
            ["elements"] = tensor.A.Shape.ElementCount,
            ["differing_elements"] = tensor.DifferingElements,
            ["non_finite"] = tensor.NonFinite,
            ["largest"] = tensor.Largest is { } largest ? JsonValues.Of(largest) : null,
            ["largest_at"] = tensor.Largest is null ? null : JsonValues.Of(tensor.LargestAt),
        })]),
        ["bytes_read"] = diff.BytesRead,
    }.ToJsonString());

    private static string Describe(TensorSpec spec) => $"{spec.Type.SafetensorsName}{spec.Shape}";

    private static JsonObject ToJson(TensorSpec spec) => new()
    {
        ["dtype"] = spec.Type.SafetensorsName,
        ["shape"] = JsonValues.Of(spec.Shape.Dimensions),
    };
}
