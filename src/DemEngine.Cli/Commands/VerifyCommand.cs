using System.CommandLine;
using DemEngine.Analysis;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem verify DIR</c>.</summary>
internal static class VerifyCommand
{
    public static Command Build()
    {
        var folder = new Argument<string>("dir") { Description = "A folder that this tool wrote." };
        var read = new ReadCommandOptions();
        var output = new OutputOptions();

        var command = new Command("verify", "Hash every tensor of an output again and compare with its manifest.") { folder };
        read.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            VerifyReport report = ProgressDisplay.Run(
                quiet || json,
                progress => Verification.Run(parsed.GetValue(folder)!, read.Read(parsed), progress, Interrupt.Token));
            if (json)
                VerifyPrinter.PrintJson(report);
            else if (!quiet)
                VerifyPrinter.PrintText(report);
            report.ThrowUnlessIntact();
            return 0;
        });
        return command;
    }
}
