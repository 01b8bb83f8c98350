using System.CommandLine;
using System.Diagnostics;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Lab.Demonstration;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Merging.Options;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem demo</c>.</summary>
internal static class DemoCommand
{
    public static Command Build()
    {
        var folder = new Option<DirectoryInfo?>("--dir")
        {
            Description = "Where the models, the trials, the report and the merged model go, 15 MB. "
                + "Default: a new folder in the temporary one, whose path is printed.",
            HelpName = "dir",
        };
        var threads = ReadCommandOptions.NewThreads();
        var output = new OutputOptions();

        var command = new Command(
            "demo",
            "See DEM at work on small models in four scenes: build a family, add a source, withdraw one, weigh them anew; "
            + "beside data mixing.")
        {
            folder, threads,
        };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json), quiet = parsed.GetValue(output.Quiet);
            long start = Stopwatch.GetTimestamp();
            using var work = WorkFolder.Open(parsed.GetValue(folder), "dem-demo-");
            using var backend = new CpuBackend();
            DemoReport report = ProgressDisplay.Run<ExperimentProgress, DemoReport>(
                quiet || json,
                ExperimentPrinter.Progress,
                progress => Demo.Run(
                    work.Path,
                    OpenModel,
                    backend,
                    new RunOptions { Threads = parsed.GetValue(threads) },
                    progress,
                    Interrupt.Token));
            work.Keep();
            if (json)
                Console.Out.WriteLine(DemoPrinter.ToJson(report).ToJsonString());
            else if (!quiet)
                DemoPrinter.Print(report, Stopwatch.GetElapsedTime(start));
            return 0;
        });
        return command;
    }

    /// <summary>Opens a file of the folder DemoModels, which is embedded in this assembly.</summary>
    private static Stream? OpenModel(string name) => typeof(DemoCommand).Assembly.GetManifestResourceStream(name);
}
