using System.CommandLine;
using DemEngine.Checkpoints;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Cli.Progress;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Merging.Options;
using DemEngine.Training.Reports;
using DemEngine.Training.Runs;
using DemEngine.Training.Settings;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem train --base DIR --data FILE --valid FILE --out DIR</c>.</summary>
internal static class TrainCommand
{
    public static Command Build()
    {
        var model = new Option<string?>("--base") { Description = "The model to start from.", HelpName = "dir" };
        var fromScratch = new Option<bool>("--from-scratch")
        {
            Description = "Start from random weights, of the shape that --config gives.",
        };
        var config = new Option<string?>("--config")
        {
            Description = "A config.json of a Llama, Mistral, Mixtral, Qwen2, Qwen3 or Gemma; a tokenizer beside it goes along.",
            HelpName = "file",
        };
        var data = new Option<string>("--data")
        {
            Description = $"What is learnt: {DataCommandOptions.Forms} or {{tokens}}.",
            HelpName = "file",
            Required = true,
        };
        var valid = new Option<string>("--valid")
        {
            Description = "What decides which weights are the best, in the same form.",
            HelpName = "file",
            Required = true,
        };
        var output = new Option<DirectoryInfo>("--out", "-o")
        {
            Description = "The folder to be made: the best weights, and train.jsonl. "
                + "Interrupted at any moment, the same command goes on.",
            HelpName = "dir",
            Required = true,
        };
        var overwrite = new Option<bool>("--overwrite")
        {
            Description = "Replace an existing output of this tool, once the new one is complete.",
        };
        var resume = new Option<bool>("--resume")
        {
            Description = "Go on with an interrupted run, as it does without this option, too; --resume=auto says the same.",
        };
        var resumeAuto = new Option<bool>("--resume-auto") { Hidden = true, Description = "The same as --resume=auto." };
        var restart = new Option<bool>("--restart") { Description = "Discard what an interrupted run left, and start anew." };
        var saveEvery = Numbers.Positive(
            "--save-every", "Steps after which the state is saved, for an interruption. Default 100.", 100);
        var maxShardSize = Sizes.Option("--max-shard-size", "Largest shard of the output.", ShardLayout.DefaultMaxShardBytes);
        var curve = new ReportOption("--curve", "Also draw the losses over the steps into this file, as SVG.");
        var events = new Option<DirectoryInfo?>("--tensorboard")
        {
            Description = "Also write the losses, rates and norms of the steps into this folder as they come, for TensorBoard.",
            HelpName = "dir",
        };
        var choices = new DataCommandOptions();
        var training = new TrainCommandOptions();
        var printed = new OutputOptions();

        var command = new Command("train", "Train a Llama, Mistral, Mixtral, Qwen2, Qwen3 or Gemma on a data source, with Torch.")
        {
            model, fromScratch, config, data, valid, output, overwrite, resume, resumeAuto, restart, saveEvery, maxShardSize,
            curve, events,
        };
        choices.AddTo(command);
        training.AddTo(command);
        printed.AddTo(command);
        command.Validators.Add(result =>
        {
            if ((result.GetValue(resume) || result.GetValue(resumeAuto)) && result.GetValue(restart))
                result.AddError("give one of --resume and --restart, not both");
            bool scratch = result.GetValue(fromScratch);
            if (scratch == (result.GetValue(model) is not null) || scratch != (result.GetValue(config) is not null))
                result.AddError(scratch || result.GetValue(config) is not null
                    ? "give either --base, or --from-scratch and --config, not both"
                    : "give --base, or --from-scratch and --config");
        });
        command.SetAction(parsed =>
        {
            bool scratch = parsed.GetValue(fromScratch);
            TrainingOptions options = training.Read(parsed);
            var run = new RunOptions
            {
                Overwrite = parsed.GetValue(overwrite),
                Unfinished = parsed.GetValue(restart) ? UnfinishedRun.Restart : UnfinishedRun.Refuse,
                MaxShardBytes = parsed.GetValue(maxShardSize),
            };
            string folder = parsed.GetValue(output)!.FullName;
            curve.Check(parsed);
            var described = new List<string>();
            bool quiet = parsed.GetValue(printed.Quiet), json = parsed.GetValue(printed.Json);
            try
            {
                TrainingReport report = ProgressDisplay.Run<TrainingProgress, TrainingReport>(
                    quiet || json,
                    TrainingProgressText.Text,
                    progress =>
                    {
                        TrainingJob job = scratch
                            ? TrainingJobs.FromScratch(
                                parsed.GetValue(config)!,
                                parsed.GetValue(data)!,
                                parsed.GetValue(valid)!,
                                new CheckpointTokenizerReader(),
                                options,
                                choices.Read(parsed))
                            : TrainingJobs.FromModel(
                                parsed.GetValue(model)!,
                                parsed.GetValue(data)!,
                                parsed.GetValue(valid)!,
                                new CheckpointTokenizerReader(),
                                options,
                                choices.Read(parsed));
                        described.AddRange(new[] { job.Data, job.Validation }.Select(DataSetText.Describe));
                        using EventFile? board = parsed.GetValue(events) is { } place ? new EventFile(place.FullName) : null;
                        using (job.Start)
                            return TrainingRun.Execute(
                                job with { Dense = training.Dense(parsed) },
                                folder,
                                parsed.GetValue(saveEvery),
                                run,
                                one =>
                                {
                                    board?.Append(one.Step);
                                    progress?.Invoke(one);
                                },
                                Interrupt.Token);
                    });
                string log = Path.Combine(folder, "train.jsonl");
                curve.Write(parsed, () => LearningCurve.Draw(File.ReadLines(log)));
                bool untold = ReportOption.TakesThePlaceOfText(parsed);
                IEnumerable<string> bars = untold || json ? [] : LossBars.Draw(TrainingLosses.Of(File.ReadLines(log)));
                TrainingPrinter.Print(report, described, bars, folder, untold, json);
                return 0;
            }
            catch (OperationCanceledException e)
            {
                throw new ResumableInterruption(parsed.GetValue(restart) ? "--restart left out" : null, e);
            }
        });
        return command;
    }
}
