using System.CommandLine;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Tokenization;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem eval --model DIR --data NAME=FILE...</c>.</summary>
internal static class EvalCommand
{
    public static Command Build()
    {
        var model = new Option<string>("--model") { Description = "The model to judge.", HelpName = "dir", Required = true };
        var data = new Option<string[]>("--data")
        {
            Description = $"Data sets: {DataCommandOptions.Forms}, {{prompt, choices, answer}} or {{tokens}}.",
            HelpName = "name=file",
            AllowMultipleArgumentsPerToken = true,
        };
        var evaluation = new EvaluationCommandOptions("all that the data allow");
        var output = new OutputOptions();

        var command = new Command(
            "eval", "Say how good a model is: loss, perplexity, exact match and choice accuracy on each data set.")
        {
            model, data,
        };
        var choices = new DataCommandOptions();
        choices.AddTo(command);
        evaluation.AddTo(command);
        output.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(data) is null && result.GetResult("--evaluate-command") is null)
                result.AddError("give --data or --evaluate-command");
        });
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(model)!;
            var described = new List<string>();
            ModelScores scores = evaluation.Command(parsed) is { } outside
                ? ModelEvaluation.Run(path, outside, Interrupt.Token)
                : ModelEvaluation.Run(
                    path,
                    DataFile.ParseAll(parsed.GetValue(data)!),
                    new CheckpointTokenizerReader(),
                    evaluation.Metrics(parsed),
                    sets =>
                    {
                        described.AddRange(sets.Select(set => DataSetText.Describe(set.Data)));
                        return evaluation.Open(parsed, sets);
                    },
                    choices.Read(parsed),
                    Interrupt.Token);
            if (parsed.GetValue(output.Json))
                ScoresPrinter.PrintJson(path, scores);
            else if (!parsed.GetValue(output.Quiet))
                ScoresPrinter.PrintText(path, scores, described);
            return 0;
        });
        return command;
    }
}
