using System.CommandLine;
using System.Text.Json.Nodes;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Pipelines;

namespace DemEngine.Cli.Pipelines;

/// <summary>
/// Merges pipelines, one component after the other. All are planned before the first is made, and the whole appears at once.
/// </summary>
internal static class PipelineMerge
{
    /// <summary>Merges the components of a recipe over pipelines.</summary>
    /// <param name="recipe">The recipe, divided by components.</param>
    /// <param name="alignment">Policies for tensors that do not match.</param>
    /// <param name="run">Options of the command.</param>
    /// <param name="parsed">The request.</param>
    /// <param name="isDryRun">Whether the plans are printed and nothing is made.</param>
    /// <param name="all">Whether a plan lists each tensor.</param>
    public static int Run(
        PipelineRecipe recipe,
        AlignmentOptions alignment,
        RunCommandOptions run,
        ParseResult parsed,
        bool isDryRun = false,
        bool all = false)
    {
        if (run.IsSingleFile(parsed))
            throw new DemException(
                ErrorCode.BadArgument,
                $"{recipe.Base.Path}: a pipeline is a folder with a folder for each component, and cannot be one file",
                remedy: "Merge it without --single-file, or give the folder of one component.");
        RunOptions options = run.Read(parsed) with { PlansOnly = isDryRun };
        string folder = run.Folder(parsed);
        if (!isDryRun && run.IsResumeAuto(parsed)
            && PipelineOutput.FindComplete(recipe, folder, options, Interrupt.Token) is { } there)
        {
            // A process that died after it had exchanged an old pipeline for this one left the old one there.
            StagingDirectory.Discard(folder);
            RunSummary.Print(there, parsed.GetValue(run.Output.Quiet), parsed.GetValue(run.Output.Json));
            return 0;
        }

        if (run.IsResumeAuto(parsed) && !StagingDirectory.IsThere(folder))
            options = options with { Unfinished = UnfinishedRun.Refuse };
        PipelineOutput.Check(recipe, folder, options);
        Plan(recipe, alignment, options, folder, isDryRun ? (run, parsed, all) : null);
        if (isDryRun)
            return 0;

        var reports = new List<RunReport>();
        using (PipelineOutput output = PipelineOutput.Begin(recipe, folder, options))
        {
            foreach (ComponentRecipe component in recipe.Components)
            {
                using MergePlan merge = MergePlanner.Plan(component.Recipe, alignment, options);
                string staged = output.FolderOf(component.Name);
                RunReport report = output.OptionsFor(component.Name, merge.Plan, Interrupt.Token) is { } own
                    ? run.Execute(parsed, merge.Plan, staged, own)
                    : FinishedOutput.Report(staged, merge.Plan);
                reports.Add(report with { Output = Path.Combine(output.Output, component.Name) });
            }

            output.Publish();
        }

        RunSummary.Print(reports, parsed.GetValue(run.Output.Quiet), parsed.GetValue(run.Output.Json));
        return 0;
    }

    /// <summary>Plans every component, requires room for all, and prints the plans where that is asked for.</summary>
    private static void Plan(
        PipelineRecipe recipe,
        AlignmentOptions alignment,
        RunOptions options,
        string folder,
        (RunCommandOptions Run, ParseResult Parsed, bool All)? print)
    {
        var plans = new JsonArray();
        bool json = print is { } asked && asked.Parsed.GetValue(asked.Run.Output.Json);
        bool quiet = print is not { } given || given.Parsed.GetValue(given.Run.Output.Quiet);
        var needed = new DiskRoom(0, 0);
        RunOptions own = PipelineOutput.ForComponents(options);
        foreach (ComponentRecipe component in recipe.Components)
        {
            using MergePlan merge = MergePlanner.Plan(component.Recipe, alignment, options);
            string place = Path.Combine(folder, component.Name);
            DiskRoom room = PipelineOutput.RoomFor(component.Name, merge.Plan, folder, own);
            needed = new DiskRoom(needed.NeededBytes + room.NeededBytes, room.FreeBytes);
            if (print is null)
                continue;
            if (json)
            {
                JsonObject plan = PlanPrinter.ToJson(merge.Plan, own, room, print.Value.All);
                plan.Insert(0, "component", component.Name);
                plans.Add((JsonNode)plan);
            }
            else if (!quiet)
            {
                Console.Out.WriteLine(place);
                PlanPrinter.Print(merge.Plan, own, room, print.Value.All, quiet, json);
            }
        }

        if (json)
            Console.Out.WriteLine(new JsonObject { ["results"] = plans }.ToJsonString());
        needed.Require(folder);
    }
}
