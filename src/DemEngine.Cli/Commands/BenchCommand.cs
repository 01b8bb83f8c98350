using System.CommandLine;
using DemEngine.Backends;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Lab.Benchmarking;
using DemEngine.Lab.Synthesis;
using DemEngine.Numerics;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem bench</c>.</summary>
internal static class BenchCommand
{
    private const int NoSweep = 0;

    public static Command Build()
    {
        var shape = new Option<string>("--shape")
        {
            Description = "Shape of the models to be made. Default llama-1b.",
            HelpName = "name|file",
            DefaultValueFactory = _ => "llama-1b",
        };
        var method = new Option<string>("--method")
        {
            Description = "Method to merge by. Default dem.",
            HelpName = "name",
            DefaultValueFactory = _ => "dem",
        };
        var sources = Numbers.SeveralPositive(
            "--sources", "Numbers of sources to merge. Default: those of 1 2 4 that the method takes.");
        var type = Choice.FloatType("--dtype", "Element type. Default bf16.", "bf16", "f16", "f32");
        var folder = new Option<DirectoryInfo?>("--dir")
        {
            Description = "Where models and outputs go; models are kept and used again. "
                + "Default: a new folder in the temporary one, removed at the end. How much they take is said first.",
            HelpName = "dir",
        };
        var repeats = Numbers.Positive("--repeats", "Runs of each kind. Default 5.", 5);
        var cold = new Option<bool>("--cold") { Description = "Measure from disk too, the inputs dropped from the page cache." };
        var sweep = Numbers.Positive("--sweep", "Measure a sweep of so many merges against one merge, too.", NoSweep);
        var timeline = new ReportOption(
            "--timeline", "Draw into this file how one merge passed through the device, tile by tile.", "svg");
        var figures = new ReportOption("--figures", "Write what was measured into this file too, as one JSON object.", "json");
        var read = new ReadCommandOptions();
        var output = new OutputOptions();
        var device = new BackendCommandOptions();

        var command = new Command("bench", "Measure merges against what this machine can do.")
        {
            method, shape, sources, type, folder, repeats, cold, sweep, timeline, figures,
        };
        read.AddTo(command);
        output.AddTo(command);
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            timeline.Check(parsed);
            figures.Check(parsed);
            using var work = WorkFolder.Open(parsed.GetValue(folder), "dem-bench-");
            var options = new BenchOptions(
                parsed.GetValue(method)!,
                ModelShapes.Find(parsed.GetValue(shape)!),
                parsed.GetValue(sources) is { Length: > 0 } asked ? asked : null,
                parsed.GetValue(type) ?? ElementType.BF16,
                work.Path,
                parsed.GetValue(repeats),
                parsed.GetValue(cold),
                parsed.GetValue(timeline) is not null,
                parsed.GetValue(sweep) is not NoSweep and var merges ? merges : null,
                read.Read(parsed));

            Action<string> tell = quiet || json ? _ => { } : line => Prose.Tell(line);
            using IMergeBackend backend = device.Open(parsed, quiet);
            string most = Sizes.Format(Bench.Check(options, backend).NeededBytes);
            tell(parsed.GetValue(folder) is null
                ? $"models and outputs take up to {most} in {Printable.Text(work.Path)} until the end; "
                    + "--dir names another place, and keeps the models"
                : $"models and outputs take up to {most} more in {Printable.Text(work.Path)}; the models stay there");
            BenchReport report = Bench.Run(options, backend, tell, Interrupt.Token);
            timeline.Write(
                parsed,
                () => TimelineChart.Write(report.Device!.Timeline!, $"{report.Device.Name}, {report.Device.Model}"));
            figures.Write(parsed, () => BenchPrinter.Answer(report));
            if (json)
                BenchPrinter.PrintJson(report);
            else if (!ReportOption.TakesThePlaceOfText(parsed))
                BenchPrinter.PrintText(report);
            return 0;
        });
        return command;
    }
}
