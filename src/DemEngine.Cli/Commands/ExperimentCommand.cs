using System.CommandLine;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Experiments;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Lab.Experiment.Given;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Training.Settings;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem experiment --out DIR</c>.</summary>
internal static class ExperimentCommand
{
    public static Command Build()
    {
        var folder = new Option<DirectoryInfo>("--out", "-o")
        {
            Description = "The folder for data, models, searches, experiment.json and report.html. "
                + "Stopped at any moment, the same command goes on.",
            HelpName = "dir",
            Required = true,
        };
        string[] names = [.. ExperimentPreset.All.Select(preset => preset.Name), LargeExperimentOptions.Preset];
        var chosen = new Option<string>("--preset")
        {
            Description = "Which experiment: small takes half an hour on two cores, demo is one seed of it with four events, "
                + "moe two seeds on mixtures of experts, tiny only shows that all of it works; large is on your own model and "
                + "data. Default small.",
            HelpName = string.Join('|', names),
            DefaultValueFactory = _ => ExperimentPreset.Small.Name,
        };
        var device = new Option<string>("--device")
        {
            Description = "Where Torch trains: cpu, cuda or cuda:N. Default cpu.",
            HelpName = "name",
            DefaultValueFactory = _ => DeviceName.Processor,
        };
        var threads = Numbers.Positive(
            "--threads",
            "Models that are trained at once, and threads that merge and evaluate. Default: one a processor, here "
            + $"{DefaultThreads.Count}.",
            DefaultThreads.Count);
        var resume = new Option<bool>("--resume")
        {
            Description = "Go on with an experiment that was stopped, as it does without this option, too; --resume=auto says "
                + "the same. Models that are trained, trials and searches are kept; other settings are refused.",
        };
        var resumeAuto = new Option<bool>("--resume-auto") { Hidden = true, Description = "The same as --resume=auto." };
        var large = new LargeExperimentOptions();
        var output = new OutputOptions();

        var command = new Command(
            "experiment", "Compare merging with data mixing over the life of a family of models, on data made for it.")
        {
            folder, chosen, device, threads, resume, resumeAuto,
        };
        large.AddTo(command);
        output.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(chosen) is { } name && !names.Contains(name))
                result.AddError($"--preset: '{name}' is not one of {string.Join(", ", names)}");
            if (result.GetValue(device) is { } where && !DeviceName.IsKnown(where))
                result.AddError($"--device: '{where}' is not cpu, cuda or cuda:N");
        });
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(output.Json), quiet = parsed.GetValue(output.Quiet);
            bool isLarge = parsed.GetValue(chosen) == LargeExperimentOptions.Preset;
            GivenSettings? given = isLarge
                ? large.Read(parsed, parsed.GetValue(device)!, parsed.GetValue(threads))
                : null;
            if (given is not null && large.IsDryRun(parsed))
            {
                GivenEstimate estimate = GivenExperiment.Estimate(
                    given, new CheckpointTokenizerReader(), parsed.GetValue(threads), Interrupt.Token);
                if (!quiet)
                    EstimatePrinter.Print(estimate, json);
                return 0;
            }

            ExperimentPreset? preset = ExperimentPreset.All.FirstOrDefault(one => one.Name == parsed.GetValue(chosen));
            var tuner = new TorchFineTuner(parsed.GetValue(device)!);
            using var backend = new CpuBackend();
            try
            {
                ExperimentReport report = ProgressDisplay.Run<ExperimentProgress, ExperimentReport>(
                    quiet || json,
                    ExperimentPrinter.Progress,
                    progress => given is not null ? GivenExperiment.Run(
                        parsed.GetValue(folder)!.FullName,
                        given,
                        new CheckpointTokenizerReader(),
                        backend,
                        $"dem {string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Select(ShellWord.Of))}",
                        progress,
                        Interrupt.Token) : ExperimentRun.Run(
                        parsed.GetValue(folder)!.FullName,
                        preset!,
                        tuner,
                        backend,
                        parsed.GetValue(threads),
                        progress,
                        Interrupt.Token));
                ExperimentPrinter.Print(report, quiet, json);
                return 0;
            }
            catch (OperationCanceledException e)
            {
                throw new ResumableInterruption(null, e);
            }
        });
        return command;
    }
}
