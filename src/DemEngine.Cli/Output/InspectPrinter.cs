using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Analysis.Elements;
using DemEngine.Answers;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Grouping;
using DemEngine.Numerics;

namespace DemEngine.Cli.Output;

/// <summary>
/// Prints a <see cref="CheckpointSummary"/> as text or as JSON: the network as a tree with a line for tensors that are alike, or
/// each tensor by itself, and statistics of the elements where they were measured.
/// </summary>
internal static class InspectPrinter
{
    private static readonly string[] StatisticHeadings =
        [" min", " max", " mean", " std", " absmax", " zeros", " NaN", " Inf"];

    /// <summary>Prints a summary as text.</summary>
    /// <param name="summary">The summary.</param>
    /// <param name="statistics">Statistics of each tensor; null if they were not measured.</param>
    /// <param name="all">Whether each tensor is listed.</param>
    public static void PrintText(CheckpointSummary summary, ImmutableArray<ElementStatistics?>? statistics, bool all)
    {
        Console.Out.WriteLine($"{Printable.Text(summary.Path)}: {summary.Kind}");
        Console.Out.WriteLine(
            $"files       {summary.Files.Length}, {summary.FileBytes} bytes ({Sizes.Format(summary.FileBytes)})");
        Console.Out.WriteLine($"tensors     {summary.Tensors.Length}, {summary.TensorBytes} bytes");
        Console.Out.WriteLine($"parameters  {summary.Parameters}");
        foreach (SummarizedType type in summary.Types)
            Console.Out.WriteLine(
                $"{type.Type.SafetensorsName,-11} {Counted.Of(type.Tensors, "tensor")}, "
                + $"{Counted.Of(type.Elements, "element")}, {type.Bytes} bytes");
        foreach (SummarizedForm form in summary.Forms)
            Console.Out.WriteLine(
                $"{(summary.IsAdapted ? "computed" : "quantised"),-11} {Counted.Of(form.Tensors, "tensor")}, "
                + $"{Counted.Of(form.Elements, "element")}, {form.Bytes} bytes: {Printable.Text(form.Form)}");
        foreach (LayerStack stack in summary.Stacks)
            Console.Out.WriteLine($"layers      {stack.Layers} in {Printable.Text(stack.Name)}");
        foreach (var (key, value) in summary.Metadata)
            Console.Out.WriteLine($"metadata    {Printable.Text(key)} = {Printable.Text(value)}");
        if (summary.Manifest is { } manifest)
        {
            Console.Out.WriteLine($"made by     {Printable.Text($"{manifest.Engine}, {manifest.Operation}")}");
            foreach (ManifestInput input in manifest.Inputs)
                Console.Out.WriteLine($"from        {Printable.Text($"{input.Role} {input.Path} {input.Fingerprint}")}");
        }

        foreach (string remark in summary.Remarks)
            Prose.Print($"note: {Printable.Text(remark)}");
        Console.Out.WriteLine();
        if (all)
            PrintTensors(summary, statistics);
        else
            PrintTree(summary, statistics);
    }

    private static void PrintTensors(CheckpointSummary summary, ImmutableArray<ElementStatistics?>? statistics) =>
        TablePrinter.Print(
        ["tensor", "type", "shape", " bytes", "shard", .. statistics is null ? [] : StatisticHeadings],
        summary.Tensors.Select((tensor, k) => (IEnumerable<string>)
        [
            tensor.Spec.Name,
            tensor.Spec.Type.SafetensorsName,
            tensor.Spec.Shape.ToString(),
            $"{tensor.Spec.ByteLength}",
            tensor.File,
            .. statistics is { } measured ? Cells(measured[k]) : [],
        ]));

    private static void PrintTree(CheckpointSummary summary, ImmutableArray<ElementStatistics?>? statistics) =>
        TablePrinter.Print(
        ["tensor", " count", "type and shape", " elements", " bytes", .. statistics is null ? [] : StatisticHeadings],
        NameTree.Lines(GroupsOf(summary)).Select(line =>
        {
            string name = new string(' ', 2 * line.Depth) + line.Name;
            if (line.Group is not { } group)
                return [name, "", "", "", "", .. statistics is null ? [] : StatisticHeadings.Select(_ => "")];
            TensorSpec[] specs = [.. group.Members.Select(k => summary.Tensors[k].Spec)];
            return (IEnumerable<string>)
            [
                name,
                group.Count,
                TensorShapes.Describe(specs),
                $"{specs.Sum(spec => spec.Shape.ElementCount)}",
                Sizes.Format(specs.Sum(spec => spec.ByteLength)),
                .. statistics is { } measured ? Cells(Together(group, measured)) : [],
            ];
        }));

    /// <summary>Prints a summary as JSON.</summary>
    /// <param name="summary">The summary.</param>
    /// <param name="statistics">Statistics of each tensor; null if they were not measured.</param>
    /// <param name="all">Whether each tensor is listed.</param>
    public static void PrintJson(CheckpointSummary summary, ImmutableArray<ElementStatistics?>? statistics, bool all) =>
        Console.Out.WriteLine(new JsonObject
        {
            ["path"] = summary.Path,
            ["kind"] = summary.Kind,
            ["file_bytes"] = summary.FileBytes,
            ["tensor_bytes"] = summary.TensorBytes,
            ["tensor_count"] = summary.Tensors.Length,
            ["parameters"] = summary.Parameters,
            ["files"] = new JsonArray([.. summary.Files.Select(file =>
                new JsonObject { ["name"] = file.Name, ["bytes"] = file.Bytes, ["tensors"] = file.Tensors })]),
            ["types"] = new JsonArray([.. summary.Types.Select(type => new JsonObject
            {
                ["dtype"] = type.Type.SafetensorsName,
                ["tensors"] = type.Tensors,
                ["elements"] = type.Elements,
                ["bytes"] = type.Bytes,
            })]),
            ["quantized"] = new JsonArray([.. summary.Forms.Select(form => new JsonObject
            {
                ["form"] = form.Form,
                ["tensors"] = form.Tensors,
                ["elements"] = form.Elements,
                ["bytes"] = form.Bytes,
            })]),
            ["layers"] = new JsonArray([.. summary.Stacks.Select(stack =>
                new JsonObject { ["stack"] = stack.Name, ["count"] = stack.Layers })]),
            ["metadata"] = new JsonObject(summary.Metadata.Select(pair =>
                KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))),
            ["notes"] = new JsonArray([.. summary.Remarks.Select(remark => JsonValue.Create(remark))]),
            ["manifest"] = summary.Manifest is { } manifest ? ToJson(manifest) : null,
            [all ? "tensors" : "groups"] = new JsonArray(all
                ? [.. summary.Tensors.Select((tensor, k) =>
                    WithStatistics(ToJson(tensor), statistics is { } each ? each[k] : null))]
                : [.. GroupsOf(summary).Select(group => WithStatistics(
                    TensorShapes.ToJson(group, k => summary.Tensors[k].Spec),
                    statistics is { } each ? Together(group, each) : null))]),
        }.ToJsonString());

    private static IReadOnlyList<NameGroup> GroupsOf(CheckpointSummary summary) => NameGroups.Of(
        summary.Tensors.Length,
        k => summary.Tensors[k].Spec.Name,
        k => (summary.Tensors[k].Spec.Type, summary.Tensors[k].Spec.Shape));

    /// <summary>Statistics of all tensors of a group, added in their order; null if they have none.</summary>
    private static ElementStatistics? Together(NameGroup group, ImmutableArray<ElementStatistics?> each)
    {
        ElementStatistics?[] members = [.. group.Members.Select(k => each[k])];
        return members.Contains(null)
            ? null
            : members.Aggregate(ElementStatistics.None, (sum, member) => sum.With(member!.Value));
    }

    private static IEnumerable<string> Cells(ElementStatistics? measured)
    {
        if (measured is not { } one)
            return StatisticHeadings.Select(_ => "");
        return
        [
            one.Finite == 0 ? "" : $"{one.Min:g5}",
            one.Finite == 0 ? "" : $"{one.Max:g5}",
            one.Finite == 0 ? "" : $"{one.Mean:g5}",
            one.Finite == 0 ? "" : $"{one.Deviation:g5}",
            one.Finite == 0 ? "" : $"{one.Largest:g5}",
            $"{one.Zeros}",
            $"{one.NaNs}",
            $"{one.Infinities}",
        ];
    }

    private static JsonObject WithStatistics(JsonObject json, ElementStatistics? measured)
    {
        if (measured is not { } one)
            return json;
        bool isAny = one.Finite > 0;
        json["min"] = isAny ? JsonValues.Of(one.Min) : null;
        json["max"] = isAny ? JsonValues.Of(one.Max) : null;
        json["mean"] = isAny ? JsonValues.Of(one.Mean) : null;
        json["std"] = isAny ? JsonValues.Of(one.Deviation) : null;
        json["absmax"] = isAny ? JsonValues.Of(one.Largest) : null;
        json["zeros"] = one.Zeros;
        json["nan"] = one.NaNs;
        json["inf"] = one.Infinities;
        return json;
    }

    private static JsonObject ToJson(SummarizedTensor tensor) => new()
    {
        ["name"] = tensor.Spec.Name,
        ["dtype"] = tensor.Spec.Type.SafetensorsName,
        ["shape"] = JsonValues.Of(tensor.Spec.Shape.Dimensions),
        ["bytes"] = tensor.Spec.ByteLength,
        ["file"] = tensor.File,
        ["offset"] = tensor.Offset,
    };

    private static JsonObject ToJson(Manifest manifest) => new()
    {
        ["engine"] = manifest.Engine,
        ["operation"] = manifest.Operation,
        ["recipe"] = manifest.Recipe,
        ["inputs"] = new JsonArray([.. manifest.Inputs.Select(input =>
            new JsonObject { ["role"] = input.Role, ["path"] = input.Path, ["fingerprint"] = input.Fingerprint })]),
    };
}
