using System.CommandLine;
using DemEngine.Adapters;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Cli.Pipelines;
using DemEngine.Cli.Progress;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem extract --base DIR --tuned DIR --out DIR</c>.</summary>
internal static class ExtractCommand
{
    public static Command Build()
    {
        var baseModel = new Option<string>("--base")
        {
            Description = "The model that the fine-tuning started from.",
            HelpName = "dir",
            Required = true,
        };
        var tuned = new Option<string>("--tuned") { Description = "The fine-tuned model.", HelpName = "dir", Required = true };
        var type = Choice.FloatType(
            "--dtype", "What the differences are rounded to. Default f32, which keeps them.", "f32", "bf16", "f16");
        var lora = new Option<bool>("--lora")
        {
            Description = "Store the difference as an adapter of low rank (LoRA), as PEFT reads it; with --rank or --energy.",
        };
        var adapter = new AdapterOutputOptions();
        var alignment = new AlignmentCommandOptions();
        var run = new RunCommandOptions();

        var command = new Command("extract", "Store the distribution vector of a fine-tuned model: its difference from the base.")
        {
            baseModel, tuned, type, lora,
        };
        adapter.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(lora) && adapter.Choice(result) is null)
                result.AddError("--lora needs --rank or --energy");
            else if (!result.GetValue(lora) && adapter.AreGiven(result))
                result.AddError("--rank, --energy and --svg need --lora");
        });
        alignment.AddTo(command);
        run.AddTo(command);
        run.Backend.AddTo(command);
        command.SetAction(parsed =>
        {
            RunOptions options = run.Read(parsed);
            ElementType stored = parsed.GetValue(type) ?? ElementType.F32;
            if (PipelineExtract.Of(parsed.GetValue(baseModel)!, parsed.GetValue(tuned)!, alignment.Read(parsed)) is { } pipelines)
                return parsed.GetValue(lora)
                    ? PipelineExtract.Run(pipelines, adapter, stored, run, parsed)
                    : PipelineExtract.Run(pipelines, stored, run, parsed);
            using Checkpoint from = ModelWeights.Open(parsed.GetValue(baseModel)!, options.Io);
            using Checkpoint to = ModelWeights.Open(parsed.GetValue(tuned)!, options.Io, from);
            if (parsed.GetValue(lora))
            {
                Extract(from, to, adapter, stored, run, parsed);
                return 0;
            }

            return run.Execute(parsed, ExtractPlanner.Plan(
                from, to, stored, alignment.Read(parsed), options.MaxShardBytes));
        });
        return command;
    }

    private static void Extract(
        Checkpoint from, Checkpoint to, AdapterOutputOptions adapter, ElementType type, RunCommandOptions run, ParseResult parsed)
    {
        RunOptions options = run.Read(parsed);
        string folder = run.Folder(parsed);
        AdapterFolder.Check(folder, options.Overwrite);
        adapter.Svg.Check(parsed);
        bool quiet = parsed.GetValue(run.Output.Quiet);
        bool json = parsed.GetValue(run.Output.Json);
        using IMergeBackend backend = run.Backend.Open(parsed, quiet);
        WrittenAdapter made = ProgressDisplay.Run(
            quiet || json,
            progress => LoraExtraction.Run(
                from, to, adapter.Choice(parsed)!.Value, type, options, backend, progress, Interrupt.Token));
        AdapterFolder.Write(folder, made, from.Path, from.Tensors.Select(tensor => tensor.Spec.Name), options.Overwrite);
        adapter.Svg.Write(parsed, () => AdapterHeatMap.Write(made));
        AdapterPrinter.Print(made, folder, ReportOption.TakesThePlaceOfText(parsed), json);
    }
}
