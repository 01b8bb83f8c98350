using System.CommandLine;
using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Cli.Progress;

namespace DemEngine.Cli.Commands;

/// <summary>
/// The command <c>dem diff A B</c>. Differences are a result, not a failure: the exit code is 0 with or without any, unless
/// <c>--exit-code</c> asks for that of diff and cmp.
/// </summary>
internal static class DiffCommand
{
    /// <summary>The exit code of any failure with <c>--exit-code</c>, where 1 means that there are differences.</summary>
    public const int Trouble = 2;

    private static readonly Option<bool> ExitCode = new("--exit-code")
    {
        Description = "Exit with 0 if they are the same, 1 if they differ, 2 after any error, as diff and cmp do.",
    };

    /// <summary>Whether a request asks for the exit codes of diff.</summary>
    public static bool AsksForExitCode(string[] args) => args.Contains("diff") && args.Contains(ExitCode.Name);

    public static Command Build()
    {
        var a = new Argument<string>("a") { Description = "A checkpoint." };
        var b = new Argument<string>("b") { Description = "Another." };
        var html = new ReportOption("--html", "Also write a page with every tensor that differs into this file.");
        var read = new ReadCommandOptions();
        var output = new OutputOptions();
        Option<bool> all = Listing.NewAll();

        var command = new Command(
            "diff",
            "Say where two checkpoints differ: tensors, types, shapes and elements. "
            + "Elements of one type are compared by their bits, of two types by their exact values. "
            + "Exits with 0 whether they differ or not, unless --exit-code is given; see `identical` in --json.")
        {
            a, b, all, ExitCode, html,
        };
        read.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            html.Check(parsed);
            using var backend = new CpuBackend();
            CheckpointDiff diff = ProgressDisplay.Run(
                quiet || json,
                progress => Comparison.Run(
                    parsed.GetValue(a)!, parsed.GetValue(b)!, read.Read(parsed), backend, progress, Interrupt.Token));
            html.Write(parsed, () => DiffPage.Write(diff));
            if (json)
                DiffPrinter.PrintJson(diff, parsed.GetValue(all));
            else if (!ReportOption.TakesThePlaceOfText(parsed))
                DiffPrinter.PrintText(diff, parsed.GetValue(all));
            return parsed.GetValue(ExitCode) && !diff.IsIdentical ? 1 : 0;
        });
        return command;
    }
}
