using System.Collections.Immutable;
using System.CommandLine;
using DemEngine.Analysis;
using DemEngine.Analysis.Elements;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Merging.Options;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem inspect PATH</c>.</summary>
internal static class InspectCommand
{
    public static Command Build()
    {
        var path = new Argument<string>("path") { Description = "A checkpoint folder, an index or a file of weights." };
        var stats = new Option<bool>("--stats")
        {
            Description = "Read all elements, and print their least, greatest and mean values, deviations and counts.",
        };
        Option<bool> all = Listing.NewAll();
        var read = new ReadCommandOptions();
        var output = new OutputOptions();
        var command = new Command("inspect", "Show what a checkpoint holds, from its headers alone, or measure it.")
        {
            path, stats, all,
        };
        read.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            RunOptions options = read.Read(parsed);
            using Checkpoint checkpoint = ModelWeights.OpenStored(parsed.GetValue(path)!, options.Io);
            CheckpointSummary summary = CheckpointSummary.Of(checkpoint);
            ImmutableArray<ElementStatistics?>? statistics = parsed.GetValue(stats)
                ? ProgressDisplay.Run(
                    quiet || json,
                    progress => CheckpointStatistics.Run(checkpoint, options, progress, Interrupt.Token))
                : null;
            if (json)
                InspectPrinter.PrintJson(summary, statistics, parsed.GetValue(all));
            else if (!quiet)
                InspectPrinter.PrintText(summary, statistics, parsed.GetValue(all));
            return 0;
        });
        return command;
    }
}
