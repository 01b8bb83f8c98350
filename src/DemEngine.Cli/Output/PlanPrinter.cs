using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Merging;
using DemEngine.Numerics;

namespace DemEngine.Cli.Output;

/// <summary><c>--dry-run</c>: the plan, in words or as JSON.</summary>
internal static class PlanPrinter
{
    public static void Print(OutputPlan plan, RunOptions options, bool json)
    {
        if (json)
            Console.Out.WriteLine(ToJson(plan, options).ToJsonString());
        else
            PrintText(plan, options);
    }

    private static void PrintText(OutputPlan plan, RunOptions options)
    {
        foreach (ManifestInput input in plan.Inputs)
            Console.Out.WriteLine($"{input.Role,-7} {Printable.Text(input.Path)}  {input.Fingerprint}");
        foreach (PlannedTensor tensor in plan.PlannedTensors)
            Console.Out.WriteLine($"{tensor.File} @{tensor.Offset}  {Printable.Text(tensor.Spec.Name)}  {tensor.Spec.Type.SafetensorsName}{tensor.Spec.Shape}  {tensor.Operation}");
        foreach (PlannedShard shard in plan.Layout.Shards)
            Console.Out.WriteLine($"{shard.FileName}  {shard.Length} bytes, header {shard.Header.Length}");
        foreach (var (name, contents) in plan.SideFiles)
            Console.Out.WriteLine($"{Printable.Text(name)}  {contents.Length} bytes, copied");
        Console.Out.WriteLine($"to read {Sizes.Format(plan.BytesToRead)}, to write {Sizes.Format(plan.BytesToWrite)}, buffers at most {Sizes.Format(plan.BufferBytes(options))}");
    }

    private static JsonObject ToJson(OutputPlan plan, RunOptions options) => new()
    {
        ["operation"] = plan.Operation,
        ["inputs"] = new JsonArray([.. plan.Inputs.Select(input =>
            new JsonObject { ["role"] = input.Role, ["path"] = input.Path, ["fingerprint"] = input.Fingerprint })]),
        ["shards"] = new JsonArray([.. plan.Layout.Shards.Select(shard =>
            new JsonObject { ["file"] = shard.FileName, ["bytes"] = shard.Length, ["header_bytes"] = shard.Header.Length })]),
        ["tensors"] = new JsonArray([.. plan.PlannedTensors.Select(tensor => new JsonObject
        {
            ["name"] = tensor.Spec.Name,
            ["dtype"] = tensor.Spec.Type.SafetensorsName,
            ["shape"] = JsonSerializer.SerializeToNode(tensor.Spec.Shape.Dimensions.ToArray()),
            ["file"] = tensor.File,
            ["offset"] = tensor.Offset,
            ["operation"] = tensor.Operation,
        })]),
        ["bytes_to_read"] = plan.BytesToRead,
        ["bytes_to_write"] = plan.BytesToWrite,
        ["buffer_bytes"] = plan.BufferBytes(options),
    };
}
