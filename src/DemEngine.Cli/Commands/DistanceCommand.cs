using System.CommandLine;
using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Cli.Progress;
using DemEngine.Files;

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
        var svg = new Option<string?>("--svg") { Description = "Also draw a heat map into this file.", HelpName = "file" };
        var html = new Option<string?>("--html")
        {
            Description = "Also write a page with the heat map and every number into this file.",
            HelpName = "file",
        };
        var csv = new Option<string?>("--csv")
        {
            Description = "Also write one line for each layer and model into this file.",
            HelpName = "file",
        };
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
            string? svgPath = parsed.GetValue(svg);
            string? htmlPath = parsed.GetValue(html);
            string? csvPath = parsed.GetValue(csv);
            foreach (string path in new[] { svgPath, htmlPath, csvPath }.OfType<string>())
                ReportFile.Check(path);

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

            if (svgPath is not null)
                ReportFile.Write(svgPath, DistanceHeatMap.Write(distances));
            if (htmlPath is not null)
                ReportFile.Write(htmlPath, DistancePage.Write(distances));
            if (csvPath is not null)
                ReportFile.Write(csvPath, DistanceCsv.Write(distances));
            if (json)
                DistancePrinter.PrintJson(distances);
            else if (!quiet)
                DistancePrinter.PrintText(distances);
            return 0;
        });
        return command;
    }
}
