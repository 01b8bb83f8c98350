using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Output;
using DemEngine.Demonstration;
using DemEngine.Merging;

namespace DemEngine.Cli.Commands;

/// <summary><c>dem demo</c>.</summary>
internal static partial class DemoCommand
{
    public static Command Build()
    {
        var folder = new Option<DirectoryInfo>("--dir")
        {
            Description = "Where the models, the recipe and the merged model go, 190 MB. Default: dem-demo in the temporary folder.",
            HelpName = "dir",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(Path.GetTempPath(), "dem-demo")),
        };
        var threads = ReadCommandOptions.NewThreads();
        var output = new OutputOptions();

        var command = new Command("demo", "See it at work: make a small family of models, merge it, verify and measure the result.") { folder, threads };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            long start = Stopwatch.GetTimestamp();
            using var backend = new CpuBackend();
            DemoReport report = Demo.Run(
                parsed.GetValue(folder)!.FullName,
                backend,
                new RunOptions { Threads = parsed.GetValue(threads) },
                line => { if (!quiet && !json) Console.Error.WriteLine(line); },
                Interrupt.Token);
            if (json)
                Console.Out.WriteLine(JsonSerializer.Serialize(report, DemoJson.Default.DemoReport));
            else if (!quiet)
                DemoPrinter.Print(report, backend.Description, Stopwatch.GetElapsedTime(start));
            return 0;
        });
        return command;
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(DemoReport))]
    private sealed partial class DemoJson : JsonSerializerContext;
}
