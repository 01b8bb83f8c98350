using System.CommandLine;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Merging.Options;
using DemEngine.Recipes;
using DemEngine.ScaleOut;

namespace DemEngine.Cli.ScaleOut;

/// <summary>The command <c>dem plan RECIPE OUT --parts N --out PLAN</c>.</summary>
internal static class PlanCommand
{
    public static Command Build()
    {
        Argument<string> recipe = RecipeArgument.New("A recipe file in mergekit's YAML");
        var folder = new Argument<DirectoryInfo>("out")
        {
            Description = "The folder to be made, on a file system that all machines share, under the same path on each.",
        };
        Option<int> parts = Numbers.Positive("--parts", "Number of parts.", 0);
        parts.DefaultValueFactory = null;
        parts.Required = true;
        var path = new Option<FileInfo>("--out", "-o")
        {
            Description = "The file that the plan is written to, where all machines find it.",
            HelpName = "plan",
            Required = true,
        };
        var overwrite = new Option<bool>("--overwrite")
        {
            Description = "Have an existing output of this tool replaced when the parts are joined.",
        };
        var restart = new Option<bool>("--restart")
        {
            Description = "Discard the parts of another plan, or an unfinished run, that lie beside the output.",
        };
        Option<long> shardSize = Sizes.Option(
            "--max-shard-size", "Largest shard of the output.", ShardLayout.DefaultMaxShardBytes);
        Option<NonFinitePolicy> nonFinite = Choice.Option(
            "--nonfinite",
            "Infinities and NaNs in the output: publish nothing, or publish and name the tensors.",
            NonFinitePolicy.Fail);
        var noCard = new Option<bool>("--no-card")
        {
            Description = "Write no model card (README.md) and no mergekit_config.yml with the recipe.",
        };
        var alignment = new AlignmentCommandOptions();
        var read = new ReadCommandOptions();
        var output = new OutputOptions();

        var command = new Command(
            "plan", "Cut a merge into parts, which machines that share a folder make one by one. `dem help scale` says more.")
        {
            recipe, folder, parts, path, overwrite, restart, shardSize, nonFinite, noCard,
        };
        alignment.AddTo(command);
        read.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            PartitionedPlan plan = PartitionedPlan.Create(
                RecipeArgument.Read(parsed.GetValue(recipe)!, RecipeSource.ReadFile, RecipeSource.Read),
                parsed.GetValue(folder)!.FullName,
                parsed.GetValue(parts),
                alignment.Read(parsed),
                read.Read(parsed) with
                {
                    Overwrite = parsed.GetValue(overwrite),
                    Unfinished = parsed.GetValue(restart) ? UnfinishedRun.Restart : UnfinishedRun.Refuse,
                    MaxShardBytes = parsed.GetValue(shardSize),
                    NonFinite = parsed.GetValue(nonFinite),
                    Card = !parsed.GetValue(noCard),
                },
                parsed.GetValue(path)!.FullName);
            PartsPrinter.Print(plan, parsed.GetValue(output.Quiet), parsed.GetValue(output.Json));
            return 0;
        });
        return command;
    }
}
