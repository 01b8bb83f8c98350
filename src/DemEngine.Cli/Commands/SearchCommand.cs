using System.CommandLine;
using DemEngine.Backends;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Cli.Progress;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Search;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem search RECIPE --valid NAME=FILE... --out DIR</c>.</summary>
internal static class SearchCommand
{
    public static Command Build()
    {
        Argument<string> recipe = RecipeArgument.New(
            "A recipe file in mergekit's YAML, whose coefficients are where the search begins, if it gives any");
        var valid = new Option<string[]>("--valid")
        {
            Description = "Validation sets: JSON Lines of {text}, {prompt, completion}, {prompt, choices, answer} or {tokens}.",
            HelpName = "name=file",
            AllowMultipleArgumentsPerToken = true,
        };
        var folder = new Option<DirectoryInfo>("--out", "-o")
        {
            Description = "The folder for the trials, the recipe and the picture. A search that was stopped goes on there.",
            HelpName = "dir",
            Required = true,
        };
        var search = new SearchCommandOptions();
        var evaluation = new EvaluationCommandOptions($"{Metric.Loss}, or of a command its {CommandOutput.Score}");
        var jobs = new JobCommandOptions();
        var alignment = new AlignmentCommandOptions();
        var read = new ReadCommandOptions();
        var device = new BackendCommandOptions(keepsModels: true);
        var output = new OutputOptions();

        var command = new Command("search", "Search the coefficients with which a merge does best on validation sets.")
        {
            recipe, valid, folder,
        };
        search.AddTo(command);
        jobs.AddTo(command);
        evaluation.AddTo(command);
        alignment.AddTo(command);
        command.Options.Add(read.MaxMemory);
        command.Options.Add(read.Io);
        device.AddTo(command);
        output.AddTo(command);
        command.Subcommands.Add(SearchAskCommand.Build());
        command.Subcommands.Add(SearchTellCommand.Build());
        command.Validators.Add(result =>
        {
            if (result.GetResult("--evaluate-command") is null && JobCommandOptions.Given(result) is { } given)
                result.AddError($"{given} is for --evaluate-command");
            result.TakeOneOf(valid, command.Options.Single(option => option.Name == "--evaluate-command"));
            if (result.GetResult("--metric") is { Tokens.Count: > 1 })
                result.AddError("a search is by one --metric");
        });
        command.SetAction(parsed =>
        {
            SearchOptions options = search.Read(parsed) with
            {
                Jobs = jobs.Jobs(parsed),
                Devices = jobs.Devices(parsed),
                StopOnFailure = jobs.StopOnFailure(parsed),
                Alignment = alignment.Read(parsed),
                Run = new RunOptions
                {
                    Threads = parsed.GetValue(evaluation.Threads),
                    MaxMemoryBytes = parsed.GetValue(read.MaxMemory),
                    Io = parsed.GetValue(read.Io),
                },
            };
            SearchJudge judge = Judge(parsed, valid, evaluation);
            bool json = parsed.GetValue(output.Json);
            bool quiet = parsed.GetValue(output.Quiet);
            using IMergeBackend backend = device.Open(parsed, quiet || json, evaluation.LeavesDevicesFree(parsed));
            SearchReport report;
            try
            {
                report = ProgressDisplay.Run(
                    quiet || json,
                    SearchProgressText.Text(judge.Metric),
                    progress => SearchRun.Run(
                        RecipeArgument.ReadOne(parsed.GetValue(recipe)!),
                        parsed.GetValue(folder)!.FullName,
                        judge,
                        options,
                        backend,
                        progress,
                        Interrupt.Token));
            }
            catch (OperationCanceledException e)
            {
                throw new ResumableInterruption(null, e);
            }

            string picture = Path.Combine(report.Folder, SearchPicture.FileName);
            ReportFile.Write(picture, SearchPicture.Write(report.Map, report.Objective, report.Best, report.Trials));
            if (report.Pareto.Length > 0)
            {
                ReportFile.Write(
                    Path.Combine(report.Folder, ParetoPicture.FileName),
                    ParetoPicture.Write(report.Objective, report.Pareto, report.Trials));
            }

            if (json)
                SearchPrinter.PrintJson(report, picture);
            else if (!quiet)
                SearchPrinter.PrintText(report, picture);
            return 0;
        });
        return command;
    }

    private static SearchJudge Judge(ParseResult parsed, Option<string[]> valid, EvaluationCommandOptions evaluation)
    {
        Metric? metric = evaluation.Metrics(parsed).FirstOrDefault();
        return evaluation.CommandText(parsed) is { } command
            ? SearchJudge.ByCommand(
                command, metric ?? CommandOutput.Score, evaluation.Longest(parsed), evaluation.Retries(parsed))
            : SearchJudge.OnSets(
                DataFile.ParseAll(parsed.GetValue(valid)!),
                new CheckpointTokenizerReader(),
                metric ?? Metric.Loss,
                sets => evaluation.Open(parsed, sets));
    }
}
