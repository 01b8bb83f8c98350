using System.CommandLine;
using DemEngine.Analysis;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Pipelines;
using DemEngine.Stores;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem verify DIR</c>.</summary>
internal static class VerifyCommand
{
    public static Command Build()
    {
        var folder = new Argument<string>("dir")
        {
            Description = "A folder that this tool wrote, or a model in files of PyTorch.",
        };
        var read = new ReadCommandOptions();
        var output = new OutputOptions();
        Option<bool> all = Listing.NewAll();

        var command = new Command(
            "verify",
            "Hash every tensor and every file of an output again and compare with its manifest. "
            + "Of files of PyTorch, which have no manifest, the archive's own checksums are compared. "
            + "Exits with 1 if one differs, is missing, or does not belong there; an edited model card is only noted.")
        {
            folder, all,
        };
        read.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            string path = StoreCopies.Find(parsed.GetValue(folder)!) ?? parsed.GetValue(folder)!;
            VerifyReport report = ProgressDisplay.Run(
                quiet || json,
                progress => PipelineVerification.IsFor(path)
                    ? PipelineVerification.Run(path, read.Read(parsed), progress, Interrupt.Token)
                    : Verification.Run(path, read.Read(parsed), progress, Interrupt.Token));
            if (json)
                VerifyPrinter.PrintJson(report);
            else if (!quiet)
                VerifyPrinter.PrintText(report, parsed.GetValue(all));
            report.ThrowUnlessIntact();
            return 0;
        });
        return command;
    }
}
