using System.CommandLine;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem synth --shape NAME --out DIR</c>.</summary>
internal static class SynthCommand
{
    public static Command Build()
    {
        var shape = new Option<string?>("--shape")
        {
            Description = $"The model's shape: {string.Join(", ", ModelShapes.Names)}, or a config.json of Llama, Mistral, "
                + "Mixtral, Qwen or Gemma.",
            HelpName = "name|file",
        };
        var seed = new Option<long>("--seed")
        {
            Description = "Chooses the numbers; the same seed gives the same bytes.",
            HelpName = "n",
        };
        var tunedFrom = new Option<DirectoryInfo?>("--tuned-from")
        {
            Description = "Make it as if fine-tuned from this checkpoint.",
            HelpName = "base",
        };
        var scale = Numbers.NotNegative(
            "--scale",
            $"Standard deviation of the differences from that checkpoint. Default {SynthPlanner.DefaultScale}.",
            SynthPlanner.DefaultScale);
        var type = Choice.FloatType("--dtype", "Element type. Default bf16, or that of --tuned-from.", "bf16", "f16", "f32");
        var sparse = new Option<bool>("--sparse")
        {
            Description = "Write holes in place of numbers: files of full length that take no room, to plan large models.",
        };
        var examples = new ExampleOption();
        var run = new RunCommandOptions();
        run.Out.Required = false;

        var command = new Command("synth", "Make a checkpoint of random numbers, for trials and measurements.")
        {
            shape, seed, tunedFrom, scale, type, sparse,
        };
        examples.AddTo(command);
        run.AddTo(command);
        command.Validators.Add(result =>
        {
            if (examples.IsGiven(result))
            {
                if (new Option[] { shape, seed, tunedFrom, sparse, run.Out }.FirstOrDefault(
                    option => result.GetResult(option) is { Implicit: false }) is { } other)
                    result.AddError($"--examples makes models of its own; leave out {other.Name}");
                return;
            }

            if (result.GetResult(run.Out) is null)
                result.AddError("Option '--out' is required.");
            result.TakeOneOf(shape, tunedFrom);
            if (result.GetValue(sparse) && result.GetValue(tunedFrom) is not null)
                result.AddError("--sparse needs --shape");
            if (!result.GetValue(sparse) && result.GetResult(seed) is null)
                result.AddError("--seed is required");
        });
        command.SetAction(parsed =>
        {
            RunOptions options = run.Read(parsed);
            if (parsed.GetValue(sparse))
            {
                string output = parsed.GetValue(run.Out)!.FullName;
                RunSummary.Print(
                    SparseCheckpoint.Write(
                        ModelShapes.Find(parsed.GetValue(shape)!),
                        parsed.GetValue(type) ?? ElementType.BF16,
                        output,
                        run.ReadFor(parsed, output)),
                    parsed.GetValue(run.Output.Quiet),
                    parsed.GetValue(run.Output.Json));
                return 0;
            }
            if (examples.Read(parsed) is { } folder)
                return ExampleOption.Write(
                    folder, options, parsed.GetValue(run.Output.Quiet), parsed.GetValue(run.Output.Json));

            using Checkpoint? baseModel = parsed.GetValue(tunedFrom) is { } path
                ? Checkpoint.Open(path.FullName, options.Io)
                : null;
            OutputPlan plan = baseModel is null
                ? SynthPlanner.PlanBase(
                    ModelShapes.Find(parsed.GetValue(shape)!),
                    parsed.GetValue(type) ?? ElementType.BF16,
                    parsed.GetValue(seed),
                    options.MaxShardBytes)
                : SynthPlanner.PlanTuned(
                    baseModel,
                    parsed.GetValue(type),
                    parsed.GetValue(seed),
                    parsed.GetValue(scale),
                    options.MaxShardBytes);

            return run.Execute(parsed, plan);
        });
        return command;
    }
}
