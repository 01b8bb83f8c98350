using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Cli.Output;

/// <summary>Prints the plan of <c>--dry-run</c> in words or as JSON.</summary>
internal static class PlanPrinter
{
    public static void Print(OutputPlan plan, RunOptions options, DiskRoom room, bool quiet, bool json)
    {
        if (json)
            Console.Out.WriteLine(ToJson(plan, options, room).ToJsonString());
        else if (!quiet)
            PrintText(plan, options, room);
    }

    private static void PrintText(OutputPlan plan, RunOptions options, DiskRoom room)
    {
        foreach (ManifestInput input in plan.Inputs)
            Console.Out.WriteLine($"{input.Role,-7} {Printable.Text(input.Path)}  {input.Fingerprint}");
        ImmutableArray<(string Symbol, string Model)> common = plan.CommonSources;
        foreach (var (symbol, model) in common)
            Console.Out.WriteLine($"{symbol} = {Printable.Text(model)}");
        foreach (PlannedTensor tensor in plan.PlannedTensors)
        {
            string sources = common.IsEmpty
                ? $"  [{string.Join(", ", tensor.Sources.Select(source => Describe(source, tensor)))}]"
                : "";
            Console.Out.WriteLine(
                $"{tensor.File} @{tensor.Offset}  {Printable.Text(tensor.Spec.Name)}"
                + "  "
                + $"{tensor.Spec.Type.SafetensorsName}{tensor.Spec.Shape}  {Printable.Text(tensor.Operation)}{sources}");
        }

        foreach (PlannedShard shard in plan.Layout.Shards)
            Console.Out.WriteLine($"{shard.FileName}  {shard.Length} bytes, header {shard.Header.Length}");
        foreach (var (name, contents) in plan.SideFiles)
            Console.Out.WriteLine($"{Printable.Text(name)}  {contents.Length} bytes");
        foreach (string remark in plan.Remarks)
            Console.Out.WriteLine($"note: {Printable.Text(remark)}");
        Console.Out.WriteLine($"to read   {Sizes.Format(plan.BytesToRead)}");
        Console.Out.WriteLine($"to write  {Sizes.Format(plan.BytesToWrite)}");
        Console.Out.WriteLine($"memory    {Sizes.Format(plan.BufferBytes(options))} at most, in buffers");
        Console.Out.WriteLine($"disk      {Sizes.Format(room.NeededBytes)} needed, {Sizes.Format(room.FreeBytes)} free");
        if (room.NeededBytes > room.FreeBytes)
            Console.Out.WriteLine($"warning: there is not enough room on the disk ({ErrorCode.DiskFull})");
    }

    private static string Describe(PlannedSource source, PlannedTensor tensor) =>
        Printable.Text($"{source.Symbol} = {source.Model}{(source.Tensor == tensor.Spec.Name ? "" : $" {source.Tensor}")}");

    /// <summary>Returns a plan as JSON.</summary>
    public static JsonObject ToJson(OutputPlan plan, RunOptions options, DiskRoom room) => new()
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
            ["shape"] = JsonValues.Of(tensor.Spec.Shape.Dimensions),
            ["file"] = tensor.File,
            ["offset"] = tensor.Offset,
            ["operation"] = tensor.Operation,
            ["sources"] = new JsonArray([.. tensor.Sources.Select(source =>
                new JsonObject { ["symbol"] = source.Symbol, ["model"] = source.Model, ["tensor"] = source.Tensor })]),
        })]),
        ["remarks"] = JsonValues.Of(plan.Remarks),
        ["bytes_to_read"] = plan.BytesToRead,
        ["bytes_to_write"] = plan.BytesToWrite,
        ["buffer_bytes"] = plan.BufferBytes(options),
        ["disk_needed_bytes"] = room.NeededBytes,
        ["disk_free_bytes"] = room.FreeBytes,
    };
}
