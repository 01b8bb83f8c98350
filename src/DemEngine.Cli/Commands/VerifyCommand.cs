using System.CommandLine;
using DemEngine.Analysis;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Cli.ScaleOut;
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
        Option<int> parts = Numbers.Positive("--parts", "Verify one of so many parts of the tensors: give --part, too.", 0);
        parts.DefaultValueFactory = null;
        Option<string?> part = PartOption.New(
            "With --parts: number of the part, from 0, or auto for the task of Slurm, MPI or Kubernetes.");

        var command = new Command(
            "verify",
            "Hash every tensor and every file of an output again and compare with its manifest. "
            + "Of files of PyTorch, which have no manifest, the archive's own checksums are compared. "
            + "Exits with 1 if one differs, is missing, or does not belong there; an edited model card is only noted.")
        {
            folder, all, parts, part,
        };
        read.AddTo(command);
        output.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(parts) is null != result.GetResult(part) is null)
                result.AddError("give both of --parts and --part, or none");
        });
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            string path = StoreCopies.Find(parsed.GetValue(folder)!) ?? parsed.GetValue(folder)!;
            int count = parsed.GetValue(parts);
            int? number = parsed.GetValue(part) is { } word
                ? ScheduledPart.Of(word, count, Environment.GetEnvironmentVariable)
                : null;
            bool isPipeline = PipelineVerification.IsFor(path);
            if (number is not null && isPipeline)
                throw new DemException(
                    ErrorCode.BadArgument,
                    $"{path}: pipelines of diffusers are not verified in parts",
                    remedy: "Verify it as a whole, or the folder of each component in parts.");
            VerifyReport report = ProgressDisplay.Run(
                quiet || json,
                progress => isPipeline
                    ? PipelineVerification.Run(path, read.Read(parsed), progress, Interrupt.Token)
                    : number is { } one
                    ? Verification.RunPart(path, one, count, read.Read(parsed), progress, Interrupt.Token)
                    : Verification.Run(path, read.Read(parsed), progress, Interrupt.Token));
            if (number is not null && !json && !quiet)
                Console.Out.WriteLine($"part {number} of {count}");
            if (json)
                VerifyPrinter.PrintJson(report, number is { } verified ? (verified, count) : null);
            else if (!quiet)
                VerifyPrinter.PrintText(report, parsed.GetValue(all));
            report.ThrowUnlessIntact();
            return 0;
        });
        return command;
    }
}
