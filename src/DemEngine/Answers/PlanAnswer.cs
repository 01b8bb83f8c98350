using System.Text.Json.Nodes;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Answers;

/// <summary>What a merge would do, as programs see it.</summary>
internal static class PlanAnswer
{
    /// <summary>The member in which <see cref="Of"/> has the tensors.</summary>
    public const string Tensors = "tensors";

    /// <summary>Gives a plan as JSON.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="options">Options of the run.</param>
    /// <param name="room">Room on the disk; null where nothing goes to one.</param>
    /// <param name="listName">Name of the member that lists the tensors.</param>
    /// <param name="list">The list.</param>
    public static JsonObject Of(OutputPlan plan, RunOptions options, DiskRoom? room, string listName, JsonArray list) => new()
    {
        ["operation"] = plan.Operation,
        ["inputs"] = new JsonArray([.. plan.Inputs.Select(input =>
            new JsonObject { ["role"] = input.Role, ["path"] = input.Path, ["fingerprint"] = input.Fingerprint })]),
        ["shards"] = new JsonArray([.. plan.Layout.Shards.Select(shard =>
            new JsonObject { ["file"] = shard.FileName, ["bytes"] = shard.Length, ["header_bytes"] = shard.Header.Length })]),
        ["models"] = new JsonArray([.. plan.Totals.Models.Select(one =>
            new JsonObject { ["symbol"] = one.Symbol, ["model"] = one.Model })]),
        ["tensor_count"] = plan.Layout.Tensors.Length,
        [listName] = list,
        ["notes"] = JsonValues.Of(plan.Remarks),
        ["bytes_to_read"] = plan.BytesToRead,
        ["bytes_to_write"] = plan.BytesToWrite,
        ["buffer_bytes"] = plan.BufferBytes(options),
        ["metadata_bytes"] = plan.MetadataBytes,
        ["disk_needed_bytes"] = room?.NeededBytes,
        ["disk_free_bytes"] = room?.FreeBytes,
    };

    /// <summary>Gives each tensor of a plan as JSON.</summary>
    /// <param name="plan">The plan.</param>
    public static JsonArray TensorsOf(OutputPlan plan) => new([.. plan.PlannedTensors.Select(tensor => new JsonObject
    {
        ["name"] = tensor.Spec.Name,
        ["dtype"] = tensor.Spec.Type.SafetensorsName,
        ["shape"] = JsonValues.Of(tensor.Spec.Shape.Dimensions),
        ["file"] = tensor.File,
        ["offset"] = tensor.Offset,
        ["operation"] = tensor.Operation,
        ["sources"] = new JsonArray([.. tensor.Sources.Select(source =>
            new JsonObject { ["symbol"] = source.Symbol, ["model"] = source.Model, ["tensor"] = source.Tensor })]),
    })]);
}
