using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Progress;
using DemEngine.Cli.Setup;

namespace DemEngine.Cli.Output;

/// <summary>Prints what <c>dem setup torch</c> installed, in words or as JSON.</summary>
internal static class SetupPrinter
{
    public static ProgressText<LibtorchSetupProgress> Progress { get; } = new(
        (progress, _) => $"fetch: {progress.Package}, {progress.Done + 1} of {progress.Known}, {Sizes.Format(progress.Bytes)}",
        progress => (double)progress.Done / progress.Known);

    public static void Print(LibtorchSetupReport report, bool quiet, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(new JsonObject
            {
                ["folder"] = report.Folder,
                ["packages"] = JsonValues.Of(report.Packages),
                ["unchecked"] = JsonValues.Of(report.Unchecked),
                ["was_there"] = report.WasThere,
            }.ToJsonString());
            return;
        }

        if (quiet)
            return;

        foreach (string package in report.Unchecked)
            Console.Out.WriteLine($"note: {package} could not be checked: its source publishes no hash");
        if (report.WasThere)
            Console.Out.WriteLine("libtorch is there already; --force fetches it again");
        Console.Out.WriteLine(Printable.Text(report.Folder));
        foreach (string line in TorchState.Describe())
            Console.Out.WriteLine(line);
    }
}
