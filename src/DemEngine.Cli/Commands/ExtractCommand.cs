using System.CommandLine;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Cli.Options;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem extract --base DIR --tuned DIR --out DIR</c>.</summary>
internal static class ExtractCommand
{
    public static Command Build()
    {
        var baseModel = new Option<string>("--base")
        {
            Description = "The model that the fine-tuning started from.",
            HelpName = "dir",
            Required = true,
        };
        var tuned = new Option<string>("--tuned") { Description = "The fine-tuned model.", HelpName = "dir", Required = true };
        var type = Choice.FloatType(
            "--dtype", "What the differences are rounded to. Default f32, which keeps them.", "f32", "bf16", "f16");
        var alignment = new AlignmentCommandOptions();
        var run = new RunCommandOptions();

        var command = new Command("extract", "Store the distribution vector of a fine-tuned model: its difference from the base.")
        {
            baseModel, tuned, type,
        };
        alignment.AddTo(command);
        run.AddTo(command);
        run.Backend.AddTo(command);
        command.SetAction(parsed =>
        {
            RunOptions options = run.Read(parsed);
            using Checkpoint from = ModelWeights.Open(parsed.GetValue(baseModel)!, options.Io);
            using Checkpoint to = ModelWeights.Open(parsed.GetValue(tuned)!, options.Io, from);
            return run.Execute(parsed, ExtractPlanner.Plan(
                from, to, parsed.GetValue(type) ?? ElementType.F32, alignment.Read(parsed), options.MaxShardBytes));
        });
        return command;
    }
}
