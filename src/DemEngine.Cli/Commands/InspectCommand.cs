using System.CommandLine;
using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Cli.Output;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem inspect PATH</c>.</summary>
internal static class InspectCommand
{
    public static Command Build()
    {
        var path = new Argument<string>("path") { Description = "A checkpoint folder, an index or a safetensors file." };
        var json = new Option<bool>("--json") { Description = "Print exactly one JSON object on standard output." };
        var command = new Command("inspect", "Show what a checkpoint holds, from its headers alone.") { path, json };
        command.SetAction(parsed =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(parsed.GetValue(path)!);
            CheckpointSummary summary = CheckpointSummary.Of(checkpoint);
            if (parsed.GetValue(json))
                InspectPrinter.PrintJson(summary);
            else
                InspectPrinter.PrintText(summary);
            return 0;
        });
        return command;
    }
}
