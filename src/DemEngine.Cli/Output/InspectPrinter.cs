using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Numerics;

namespace DemEngine.Cli.Output;

/// <summary>Prints a <see cref="CheckpointSummary"/> as a table or as JSON.</summary>
internal static class InspectPrinter
{
    public static void PrintText(CheckpointSummary summary)
    {
        Console.Out.WriteLine($"{Printable.Text(summary.Path)}: {summary.Kind}");
        Console.Out.WriteLine(
            $"files       {summary.Files.Length}, {summary.FileBytes} bytes ({Sizes.Format(summary.FileBytes)})");
        Console.Out.WriteLine($"tensors     {summary.Tensors.Length}, {summary.TensorBytes} bytes");
        Console.Out.WriteLine($"parameters  {summary.Parameters}");
        foreach (SummarizedType type in summary.Types)
            Console.Out.WriteLine(
                $"{type.Type.SafetensorsName,-11} {type.Tensors} tensors, {type.Elements} elements, {type.Bytes} bytes");
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

        Console.Out.WriteLine();
        TablePrinter.Print(
            ["tensor", "type", "shape", " bytes", "shard"],
            summary.Tensors.Select(tensor => new[]
            {
                tensor.Spec.Name,
                tensor.Spec.Type.SafetensorsName,
                tensor.Spec.Shape.ToString(),
                $"{tensor.Spec.ByteLength}",
                tensor.File,
            }));
    }

    public static void PrintJson(CheckpointSummary summary) => Console.Out.WriteLine(new JsonObject
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
        ["layers"] = new JsonArray([.. summary.Stacks.Select(stack =>
            new JsonObject { ["stack"] = stack.Name, ["count"] = stack.Layers })]),
        ["metadata"] = new JsonObject(summary.Metadata.Select(pair =>
            KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))),
        ["manifest"] = summary.Manifest is { } manifest ? ToJson(manifest) : null,
        ["tensors"] = new JsonArray([.. summary.Tensors.Select(tensor => new JsonObject
        {
            ["name"] = tensor.Spec.Name,
            ["dtype"] = tensor.Spec.Type.SafetensorsName,
            ["shape"] = JsonValues.Of(tensor.Spec.Shape.Dimensions),
            ["bytes"] = tensor.Spec.ByteLength,
            ["file"] = tensor.File,
            ["offset"] = tensor.Offset,
        })]),
    }.ToJsonString());

    private static JsonObject ToJson(Manifest manifest) => new()
    {
        ["engine"] = manifest.Engine,
        ["operation"] = manifest.Operation,
        ["recipe"] = manifest.Recipe,
        ["inputs"] = new JsonArray([.. manifest.Inputs.Select(input =>
            new JsonObject { ["role"] = input.Role, ["path"] = input.Path, ["fingerprint"] = input.Fingerprint })]),
    };
}
