using System.CommandLine;
using System.Globalization;
using DemEngine.Adapters;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Cli.Commands;

/// <summary>Combines LoRA adapters into one by their products, without a model.</summary>
internal static class LoraCommand
{
    public static Command Build()
    {
        var adapters = new Argument<string[]>("adapters")
        {
            Description = "Adapters of one model, each with the factor on its change after an equals sign; without one it is 1.",
            HelpName = "adapter=weight",
            Arity = ArgumentArity.OneOrMore,
        };
        var target = new Option<DirectoryInfo>("--out", "-o")
        {
            Description = "The adapter's folder to be made, or of adapters in single files the .safetensors file.",
            HelpName = "dir",
            Required = true,
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace an adapter that is there." };
        var type = Choice.FloatType("--dtype", "What the factors are stored in. Default f32.", "f32", "bf16", "f16");
        var options = new AdapterOutputOptions();
        var read = new ReadCommandOptions();
        var output = new OutputOptions();
        var command = new Command(
            "lora", "Combine LoRA adapters into one: their products summed, or cut to a rank by singular values.")
        {
            adapters, target, overwrite, type,
        };
        options.AddTo(command);
        read.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            RunOptions run = read.Read(parsed);
            string folder = parsed.GetValue(target)!.FullName;
            AdapterFolder.Check(folder, parsed.GetValue(overwrite));
            options.Svg.Check(parsed);
            var opened = new List<WeightedAdapter>();
            try
            {
                foreach (string word in parsed.GetValue(adapters)!)
                    opened.Add(Open(word, run.Io));
                WrittenAdapter made = AdapterCombination.Run(
                    opened, options.Choice(parsed), parsed.GetValue(type) ?? ElementType.F32, run.Threads, Interrupt.Token);
                AdapterFolder.Write(
                    folder, made, made.IsSingleFile ? "" : BaseOf(opened), model: null, parsed.GetValue(overwrite));
                options.Svg.Write(parsed, () => AdapterHeatMap.Write(made));
                AdapterPrinter.Print(made, folder, ReportOption.TakesThePlaceOfText(parsed), parsed.GetValue(output.Json));
            }
            finally
            {
                foreach (WeightedAdapter one in opened)
                    one.Adapter.Dispose();
            }

            return 0;
        });
        return command;
    }

    private static string BaseOf(List<WeightedAdapter> adapters) =>
        adapters.Select(one => AdapterConfig.Read(one.Adapter.Folder)?.Base).FirstOrDefault(path => path is not null) ?? "";

    private static WeightedAdapter Open(string word, IoMode io)
    {
        int equals = Path.Exists(word) ? -1 : word.LastIndexOf('=');
        double weight = 1;
        if (equals >= 0
            && (!double.TryParse(word.AsSpan(equals + 1), CultureInfo.InvariantCulture, out weight) || !double.IsFinite(weight)))
            throw new DemException(ErrorCode.BadArgument, $"{word}: after the equals sign stands a number, the adapter's weight");
        string path = equals < 0 ? word : word[..equals];
        if (path.Length == 0)
            throw new DemException(ErrorCode.BadArgument, $"{word}: before the equals sign stands the path of an adapter");
        return new WeightedAdapter(Checkpoint.Open(AdapterFiles.Find(path), io), weight);
    }
}
