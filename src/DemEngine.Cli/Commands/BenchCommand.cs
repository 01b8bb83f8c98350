using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Backends;
using DemEngine.Benchmarking;
using DemEngine.Cli.Output;
using DemEngine.Numerics;
using DemEngine.Synthesis;
using Spectre.Console;

namespace DemEngine.Cli.Commands;

/// <summary><c>dem bench</c>.</summary>
internal static partial class BenchCommand
{
    public static Command Build()
    {
        var shape = new Option<string>("--shape") { Description = "Shape of the models to be made. Default llama-1b.", HelpName = "name|file", DefaultValueFactory = _ => "llama-1b" };
        var sources = Numbers.SeveralPositive("--sources", "Numbers of sources to merge. Default 1 2 4.", 1, 2, 4);
        var type = Choice.FloatType("--dtype", "Element type. Default bf16.", "bf16", "f16", "f32");
        var folder = new Option<DirectoryInfo>("--dir")
        {
            Description = "Where models and outputs go; models are kept and used again. Default: dem-bench in the temporary folder.",
            HelpName = "dir",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(Path.GetTempPath(), "dem-bench")),
        };
        var repeats = Numbers.Positive("--repeats", "Runs of each kind. Default 5.", 5);
        var cold = new Option<bool>("--cold") { Description = "Measure from disk too, the inputs dropped from the page cache." };
        var read = new ReadCommandOptions();
        var output = new OutputOptions();
        var device = new BackendCommandOptions();

        var command = new Command("bench", "Measure merges against what this machine can do.") { shape, sources, type, folder, repeats, cold };
        read.AddTo(command);
        output.AddTo(command);
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            var options = new BenchOptions(
                LlamaShape.Find(parsed.GetValue(shape)!),
                parsed.GetValue(sources)!,
                parsed.GetValue(type) ?? ElementType.BF16,
                parsed.GetValue(folder)!.FullName,
                parsed.GetValue(repeats),
                parsed.GetValue(cold),
                read.Read(parsed));

            using IMergeBackend backend = device.Open(parsed, quiet);
            BenchReport report = Bench.Run(options, backend, line => { if (!quiet && !json) Console.Error.WriteLine(line); }, Interrupt.Token);
            if (json)
                Console.Out.WriteLine(JsonSerializer.Serialize(report, BenchJson.Default.BenchReport));
            else if (!quiet)
                Print(report);
            return 0;
        });
        return command;
    }

    private static void Print(BenchReport report)
    {
        static string Number(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

        Console.Out.WriteLine(report.Machine);
        Console.Out.WriteLine($"{report.Shape}, {Sizes.Format(report.ModelBytes)} a model, {report.Threads} threads, median of {report.Repeats}");
        Console.Out.WriteLine($"memory copy {Number(report.MemoryCopy)} GB/s, file copy {Number(report.FileCopy)} GB/s (read + written)");
        var table = new Table().AddColumns("sources", "cache", "null GB/s", "merge GB/s", "merge/null", "null/file copy", "merge/memory copy");
        foreach (BenchMerge merge in report.Merges)
        {
            table.AddRow(
                $"{merge.Sources}", merge.Cache, Number(merge.Null), Number(merge.Merge),
                Number(merge.MergeToNull), Number(merge.NullToFileCopy), Number(merge.MergeToMemoryCopy));
        }

        OutputConsole.Create().Write(table);
        Console.Out.WriteLine($"peak anonymous memory {report.PeakAnonymousBytes / (double)(1 << 20):0} MiB");
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(BenchReport))]
    private sealed partial class BenchJson : JsonSerializerContext;
}
