using System.CommandLine;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Pipelines;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Pipelines;
using DemEngine.Recipes;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem convert MODEL --out DIR [--dtype TYPE] [--experts STORAGE]</c>.</summary>
internal static class ConvertCommand
{
    public static Command Build()
    {
        var model = new Argument<string>("model")
        {
            Description = "A model in any form that is read: plain, quantised, .gguf, or PyTorch's .bin, .pt, .pth, .ckpt.",
        };
        Argument<DirectoryInfo?> output = RecipeArgument.NewOutput();
        var type = new Option<string?>("--dtype")
        {
            Description = "An element type, or a quantised form: fp8_block for transformers and vLLM, fp8 for ComfyUI, "
                + "q8_0, q6_k, q5_k_m, q5_k_s, q4_k_m, q4_k_s, q4_0, gguf_bf16 and gguf_f16 for llama.cpp, as one file "
                + "that --out names. "
                + "Without it, the types that the model has.",
            HelpName = string.Join("|", ["bf16", "f16", "f32", .. OutputForms.All]),
        };
        type.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !ElementTypes.TryParseFloat(token.Value, out _)
                && !OutputForms.All.Contains(token.Value, StringComparer.OrdinalIgnoreCase))
                result.Refuse(
                    $"'{token.Value}' is neither a floating-point type such as bf16, f16, f32 nor one of "
                    + string.Join(", ", OutputForms.All));
        });
        Option<ExpertStorage> experts = Choice.Option(
            "--experts",
            "How a mixture's experts are stored: as in the model, a tensor for each matrix of each, or two for all of a layer.",
            ExpertStorage.AsBase);
        var run = new RunCommandOptions(writesCard: true, output);

        var command = new Command("convert", "Write a model as safetensors, or in another element type or form, without merging.")
        {
            model, output, type, experts,
        };
        run.AddTo(command);
        run.Backend.AddTo(command);
        command.SetAction(parsed =>
        {
            string quoted = parsed.GetValue(model)!.Replace("'", "''", StringComparison.Ordinal);
            string outType = parsed.GetValue(type) is { } given ? $"out_dtype: {given}\n" : "";
            string text = $"merge_method: passthrough\n{outType}models:\n- model: '{quoted}'\n";
            Recipe recipe = RecipeReader.Resolve(RecipeReader.Parse(text, "dem convert"), Directory.GetCurrentDirectory());
            var alignment = new AlignmentOptions { Experts = parsed.GetValue(experts) };
            if (PipelineRecipe.Of(recipe, alignment) is { } pipeline)
                return PipelineMerge.Run(pipeline, alignment, run, parsed);
            using MergePlan plan = MergePlanner.Plan(recipe, alignment, run.Read(parsed));
            return run.Execute(parsed, plan.Plan);
        });
        return command;
    }
}
