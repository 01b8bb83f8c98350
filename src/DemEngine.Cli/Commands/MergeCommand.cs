using System.CommandLine;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Output;
using DemEngine.Merging;
using DemEngine.Recipes;

namespace DemEngine.Cli.Commands;

/// <summary><c>dem merge RECIPE --out DIR</c>.</summary>
internal static class MergeCommand
{
    public static Command Build()
    {
        var recipe = new Argument<FileInfo>("recipe") { Description = "A recipe in mergekit's YAML." };
        var missing = Choice.Option("--missing", "Tensors that the base has and a source lacks.", MissingTensors.Fail);
        var extra = Choice.Option("--extra", "Tensors that a source has and the base lacks.", ExtraTensors.Fail);
        var vocabulary = Choice.Option("--vocab", "Embeddings with different row counts: keep the base's rows, or those all have.", VocabularyRows.Fail);
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the plan and write nothing." };
        var run = new RunCommandOptions();
        var output = new OutputOptions();

        var command = new Command("merge", "Merge checkpoints as a recipe says.") { recipe, missing, extra, vocabulary, dryRun };
        run.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            RunOptions options = run.Read(parsed);
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            var alignment = new AlignmentOptions
            {
                Missing = parsed.GetValue(missing),
                Extra = parsed.GetValue(extra),
                Vocabulary = parsed.GetValue(vocabulary),
            };

            using MergePlan merge = MergePlanner.Plan(RecipeReader.ReadFile(parsed.GetValue(recipe)!.FullName), alignment, options);
            if (parsed.GetValue(dryRun))
            {
                PlanPrinter.Print(merge.Plan, options, json);
                return 0;
            }

            using var backend = new CpuBackend();
            RunReport report = ProgressDisplay.Run(
                quiet || json,
                progress => OutputRun.Execute(merge.Plan, parsed.GetValue(run.Out)!.FullName, backend, options, progress, Interrupt.Token));
            RunSummary.Print(report, quiet, json);
            return 0;
        });
        return command;
    }
}
