using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Answers;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Grouping;
using DemEngine.Numerics;

namespace DemEngine.Cli.Output;

/// <summary>
/// Prints a <see cref="CheckpointDiff"/> as a table or as JSON, tensors that are alike in groups or each by itself.
/// </summary>
internal static class DiffPrinter
{
    public static void PrintText(CheckpointDiff diff, bool all)
    {
        NameLines.Print("only in the first", diff.OnlyInA, all);
        NameLines.Print("only in the second", diff.OnlyInB, all);

        TensorDiff[] different = [.. diff.Different];
        if (different.Length > 0 && all)
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
                    tensor.Largest is null ? "" : At(tensor),
                }));
        }
        else if (different.Length > 0)
        {
            TablePrinter.Print(
                [" tensors", "name", "first", "second", " differing", " of", " largest", "in"],
                GroupsOf(different).Select(group =>
                {
                    TensorDiff[] members = [.. group.Members.Select(k => different[k])];
                    TensorDiff? most = members.Where(tensor => tensor.Largest is not null).MaxBy(tensor => tensor.Largest);
                    return new[]
                    {
                        group.Count,
                        group.Pattern.ToString(),
                        TensorShapes.Describe(members.Select(tensor => tensor.A)),
                        TensorShapes.Describe(members.Select(tensor => tensor.B)),
                        members[0].IsCompared ? $"{members.Sum(tensor => tensor.DifferingElements)}" : "not compared",
                        $"{members.Sum(tensor => tensor.A.Shape.ElementCount)}",
                        most is null ? "" : $"{most.Largest:g6}",
                        most is null ? "" : members.Length == 1 ? At(most) : $"{most.Name} {At(most)}",
                    };
                }));
        }

        Prose.Print(
            diff.IsIdentical
                ? $"identical: {Counted.Of(diff.Common.Length, "tensor")}"
                : $"different: {different.Length} of {Counted.Of(diff.Common.Length, "common tensor")}, "
                    + $"{diff.OnlyInA.Length} only in the first, {diff.OnlyInB.Length} only in the second");
    }

    public static void PrintJson(CheckpointDiff diff, bool all)
    {
        TensorDiff[] different = [.. diff.Different];
        var json = new JsonObject
        {
            ["a"] = diff.A,
            ["b"] = diff.B,
            ["identical"] = diff.IsIdentical,
            ["only_in_a"] = JsonValues.Of(all ? diff.OnlyInA : Names(diff.OnlyInA)),
            ["only_in_b"] = JsonValues.Of(all ? diff.OnlyInB : Names(diff.OnlyInB)),
            ["only_in_a_count"] = diff.OnlyInA.Length,
            ["only_in_b_count"] = diff.OnlyInB.Length,
            ["common"] = diff.Common.Length,
            ["different_count"] = different.Length,
            [all ? "different" : "groups"] = new JsonArray(
                all ? [.. different.Select(ToJson)] : [.. GroupsOf(different).Select(group => ToJson(group, different))]),
            ["bytes_read"] = diff.BytesRead,
        };
        Console.Out.WriteLine(json.ToJsonString());
    }

    private static IReadOnlyList<NameGroup> GroupsOf(TensorDiff[] different) => NameGroups.Of(
        different.Length, k => different[k].Name, k => (different[k].A.Type, different[k].B.Type, different[k].IsCompared));

    private static IEnumerable<string> Names(IReadOnlyList<string> names) =>
        NameGroups.Of(names).Select(group => group.Pattern.ToString());

    private static JsonObject ToJson(NameGroup group, TensorDiff[] different)
    {
        TensorDiff[] members = [.. group.Members.Select(k => different[k])];
        TensorDiff? most = members.Where(tensor => tensor.Largest is not null).MaxBy(tensor => tensor.Largest);
        return new JsonObject
        {
            ["name"] = group.Pattern.ToString(),
            ["tensors"] = members.Length,
            ["a"] = TensorShapes.ToJson(members.Select(tensor => tensor.A)),
            ["b"] = TensorShapes.ToJson(members.Select(tensor => tensor.B)),
            ["compared"] = members[0].IsCompared,
            ["elements"] = members.Sum(tensor => tensor.A.Shape.ElementCount),
            ["differing_elements"] = members.Sum(tensor => tensor.DifferingElements),
            ["non_finite"] = members.Sum(tensor => tensor.NonFinite),
            ["largest"] = most is null ? null : JsonValues.Of(most.Largest!.Value),
            ["largest_in"] = most?.Name,
            ["largest_at"] = most is null ? null : JsonValues.Of(most.LargestAt),
        };
    }

    private static JsonObject ToJson(TensorDiff tensor) => new()
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
    };

    private static string At(TensorDiff tensor) => $"[{string.Join(", ", tensor.LargestAt)}]";

    private static string Describe(TensorSpec spec) => $"{spec.Type.SafetensorsName}{spec.Shape}";

    private static JsonObject ToJson(TensorSpec spec) => new()
    {
        ["dtype"] = spec.Type.SafetensorsName,
        ["shape"] = JsonValues.Of(spec.Shape.Dimensions),
    };
}
