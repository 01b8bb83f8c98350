using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Grouping;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Cli.Output;

/// <summary>
/// Prints the plan of <c>--dry-run</c> in words or as JSON: tensors that are made alike in groups, or each by itself.
/// </summary>
internal static class PlanPrinter
{
    /// <summary>Prints a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="options">Options of the run.</param>
    /// <param name="room">Room on the disk; null for an output in a store.</param>
    /// <param name="all">Whether each tensor is listed.</param>
    /// <param name="quiet">Whether nothing is printed.</param>
    /// <param name="json">Whether JSON is printed.</param>
    public static void Print(OutputPlan plan, RunOptions options, DiskRoom? room, bool all, bool quiet, bool json)
    {
        if (json)
            Console.Out.WriteLine(ToJson(plan, options, room, all).ToJsonString());
        else if (!quiet)
            PrintText(plan, options, room, all);
    }

    private static void PrintText(OutputPlan plan, RunOptions options, DiskRoom? room, bool all)
    {
        foreach (ManifestInput input in plan.Inputs)
            Prose.Print($"{input.Role,-7} {Printable.Text(input.Path)}  {input.Fingerprint}");
        ImmutableArray<(string Symbol, string Model)> common = plan.CommonSources;
        foreach (var (symbol, model) in all ? common : plan.Totals.Models)
            Console.Out.WriteLine($"{symbol} = {Printable.Text(model)}");
        if (all)
            PrintTensors(plan, common);
        else
            PrintGroups(plan);
        if (all || plan.Layout.Shards.Length <= 1)
        {
            foreach (PlannedShard shard in plan.Layout.Shards)
                Console.Out.WriteLine($"{shard.FileName}  {shard.Length} bytes, header {shard.Header.Length}");
        }
        else
        {
            Console.Out.WriteLine(
                $"{Counted.Of(plan.Layout.Shards.Length, "shard")}, "
                + $"{plan.Layout.Shards[0].FileName} to {plan.Layout.Shards[^1].FileName}  "
                + $"{plan.Layout.Shards.Sum(shard => shard.Length)} bytes");
        }

        foreach (var (name, contents) in plan.SideFiles)
            Console.Out.WriteLine($"{Printable.Text(name)}  {contents.Length} bytes");
        foreach (string remark in plan.Remarks)
            Prose.Print($"note: {Printable.Text(remark)}");
        Console.Out.WriteLine($"to read   {Sizes.Format(plan.BytesToRead)}");
        Console.Out.WriteLine($"to write  {Sizes.Format(plan.BytesToWrite)}");
        Prose.Print(
            $"memory    {Sizes.Format(plan.BufferBytes(options))} in buffers at most, and about "
            + $"{Sizes.Format(plan.MetadataBytes)} for names and places of {Counted.Of(plan.Layout.Tensors.Length, "tensor")}");
        Console.Out.WriteLine(room is null
            ? "disk      none; the output goes into a store"
            : $"disk      {Sizes.Format(room.NeededBytes)} needed, {Sizes.Format(room.FreeBytes)} free");
    }

    private static void PrintTensors(OutputPlan plan, ImmutableArray<(string Symbol, string Model)> common)
    {
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
    }

    private static void PrintGroups(OutputPlan plan)
    {
        IReadOnlyList<NameGroup> groups = GroupsOf(plan);
        int counts = groups.Select(group => group.Count.Length).DefaultIfEmpty().Max();
        (string Lead, string Name, string How)[] lines =
        [
            .. groups.Select(group => (
                $"{group.Count.PadLeft(counts)}  ",
                Printable.Text(group.Pattern.ToString()),
                $"{TensorShapes.Describe(group.Members.Select(k => plan.Layout.Tensors[k].Spec))}  "
                    + Printable.Text(plan.Operations[group.Members[0]])
                    + (plan.Totals.HasOtherNames(group.Members[0]) ? "  from tensors of other names" : ""))),
        ];
        Console.Out.Write(Lines(lines, OutputConsole.TerminalWidth ?? int.MaxValue));
    }

    /// <summary>
    /// Sets out lines in columns; where one of them is wider than the terminal, what is done with each group stands below its
    /// names, broken between words.
    /// </summary>
    /// <param name="lines">Counts, all of one width, names, and what is done.</param>
    /// <param name="width">Columns of the terminal.</param>
    public static string Lines((string Lead, string Name, string How)[] lines, int width)
    {
        int names = lines.Select(line => line.Name.Length).DefaultIfEmpty().Max();
        bool fits = lines.All(line => line.Lead.Length + names + 2 + line.How.Length <= width);
        return string.Concat(lines.Select(line =>
        {
            if (fits)
                return $"{line.Lead}{line.Name.PadRight(names)}  {line.How}\n";
            string indent = new(' ', line.Lead.Length + 2);
            return $"{line.Lead}{line.Name}\n{Prose.Wrap(indent + line.How, width, indent)}\n";
        }));
    }

    private static IReadOnlyList<NameGroup> GroupsOf(OutputPlan plan) => NameGroups.Of(
        plan.Layout.Tensors.Length,
        k => plan.Layout.Tensors[k].Spec.Name,
        k => (plan.Layout.Tensors[k].Spec.Type, plan.Operations[k], plan.Totals.HasOtherNames(k)));

    private static string Describe(PlannedSource source, PlannedTensor tensor) =>
        Printable.Text($"{source.Symbol} = {source.Model}{(source.Tensor == tensor.Spec.Name ? "" : $" {source.Tensor}")}");

    /// <summary>Returns a plan as JSON.</summary>
    public static JsonObject ToJson(OutputPlan plan, RunOptions options, DiskRoom? room, bool all) => all
        ? PlanAnswer.Of(plan, options, room, PlanAnswer.Tensors, PlanAnswer.TensorsOf(plan))
        : PlanAnswer.Of(plan, options, room, "groups", GroupsToJson(plan));

    private static JsonArray GroupsToJson(OutputPlan plan) => new([.. GroupsOf(plan).Select(group =>
    {
        JsonObject json = TensorShapes.ToJson(group, k => plan.Layout.Tensors[k].Spec);
        json["operation"] = plan.Operations[group.Members[0]];
        json["from_other_names"] = plan.Totals.HasOtherNames(group.Members[0]);
        return json;
    })]);
}
