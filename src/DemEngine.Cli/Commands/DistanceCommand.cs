using System.CommandLine;
using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Cli.Progress;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem distance --base DIR MODEL...</c>.</summary>
internal static class DistanceCommand
{
    public static Command Build()
    {
        var models = new Argument<string[]>("model")
        {
            Description = "Models tuned from the base, or distribution vectors extracted with it.",
            Arity = ArgumentArity.OneOrMore,
        };
        var origin = new Option<string>("--base")
        {
            Description = "The base that they were tuned from.",
            HelpName = "dir",
            Required = true,
        };
        var svg = new ReportOption("--svg", "Also draw a heat map into this file.");
        var html = new ReportOption("--html", "Also write a page with the heat map and every number into this file.");
        var csv = new ReportOption("--csv", "Also write one line for each layer and model into this file.");
        var match = new AlignmentCommandOptions();
        var read = new ReadCommandOptions();
        var output = new OutputOptions();
        var device = new BackendCommandOptions();

        var command = new Command(
            "distance", "Say how far tuned models lie from their base, layer by layer, and how alike their changes are.")
        {
            models, origin, svg, html, csv,
        };
        match.AddTo(command);
        read.AddTo(command);
        output.AddTo(command);
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            foreach (ReportOption report in new[] { svg, html, csv })
                report.Check(parsed);

            using IMergeBackend backend = device.Open(parsed, quiet);
            LayerDistances distances = ProgressDisplay.Run(
                quiet || json,
                progress => DistanceMeasurement.Run(
                    parsed.GetValue(origin)!,
                    parsed.GetValue(models)!,
                    match.Read(parsed),
                    read.Read(parsed),
                    backend,
                    progress,
                    Interrupt.Token));

            svg.Write(parsed, () => DistanceHeatMap.Write(distances));
            html.Write(parsed, () => DistancePage.Write(distances));
            csv.Write(parsed, () => DistanceCsv.Write(distances));
            if (json)
                DistancePrinter.PrintJson(distances);
            else if (!ReportOption.TakesThePlaceOfText(parsed))
                DistancePrinter.PrintText(distances);
            return 0;
        });
        return command;
    }
}
