using System.CommandLine;
using System.Text.Json.Nodes;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Recipes;
using DemEngine.Sweeps;

namespace DemEngine.Cli.Commands;

/// <summary>
/// Merges the results of a file that has several, one after the other, each into a folder of its name. All are planned before the
/// first is made, so that a mistake in the last costs no time.
/// </summary>
internal static class SeveralResults
{
    public static int Merge(
        IReadOnlyList<Recipe> results,
        AlignmentOptions alignment,
        RunCommandOptions run,
        ParseResult parsed,
        bool isDryRun,
        bool all)
    {
        RunOptions options = run.Read(parsed) with { PlansOnly = isDryRun };
        bool json = parsed.GetValue(run.Output.Json);
        bool quiet = parsed.GetValue(run.Output.Quiet);
        string FolderOf(Recipe result) => Path.Combine(run.Folder(parsed), result.Name!.Value);

        var plans = new JsonArray();
        var needed = new DiskRoom(0, 0);
        var toMake = new List<(Recipe Recipe, RunOptions Options)>();
        foreach (Recipe result in results)
        {
            using MergePlan merge = MergePlanner.Plan(result, alignment, options);
            if (SweepMember.OptionsFor(FolderOf(result), merge.Plan, options, null, Interrupt.Token) is not { } own)
                continue;
            DiskRoom room = OutputRun.Check(merge.Plan, FolderOf(result), own);
            toMake.Add((result, own));
            needed = new DiskRoom(needed.NeededBytes + room.NeededBytes, room.FreeBytes);
            if (isDryRun && json)
                plans.Add((JsonNode)PlanPrinter.ToJson(merge.Plan, own, room, all));
            else if (isDryRun && !quiet)
            {
                Console.Out.WriteLine(Printable.Text(FolderOf(result)));
                PlanPrinter.Print(merge.Plan, own, room, all, quiet, json);
            }
        }

        if (isDryRun && json)
            Console.Out.WriteLine(new JsonObject { ["results"] = plans }.ToJsonString());
        if (isDryRun)
        {
            needed.Require(run.Folder(parsed));
            return 0;
        }

        var reports = new List<RunReport>();
        foreach (var (result, own) in toMake)
        {
            using MergePlan merge = MergePlanner.Plan(result, alignment, own);
            reports.Add(run.Execute(parsed, merge.Plan, FolderOf(result), own));
        }

        RunSummary.Print(reports, quiet, json);
        return 0;
    }
}
