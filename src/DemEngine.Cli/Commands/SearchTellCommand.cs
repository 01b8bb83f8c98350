using System.CommandLine;
using System.Globalization;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Evaluation;
using DemEngine.Search;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem search tell --out DIR --trial N</c>.</summary>
internal static class SearchTellCommand
{
    public static Command Build()
    {
        var folder = new Option<DirectoryInfo>("--out", "-o")
        {
            Description = "The folder of the search, the same for every ask and tell.",
            HelpName = "dir",
            Required = true,
        };
        var trial = Numbers.Positive("--trial", "The number of the trial, as ask gave it.", 0);
        trial.DefaultValueFactory = null;
        trial.Required = true;
        var values = new Option<string[]>("--value")
        {
            Description = "The metric's value, or its values on several sets.",
            HelpName = "[set=]value",
            AllowMultipleArgumentsPerToken = true,
        };
        var results = new Option<string>("--results")
        {
            Description = "A file with the output of an evaluation, or the folder that lm-evaluation-harness wrote to.",
            HelpName = "path",
        };
        var failed = new Option<string>("--failed") { Description = "The trial failed, for this reason.", HelpName = "reason" };
        var seconds = Numbers.NotNegative("--seconds", "What the trial took. Default: not known.", 0);
        var output = new OutputOptions();

        var command = new Command("tell", "Say how good a trial of a search was; writes the recipe of the best so far.")
        {
            folder, trial, values, results, failed, seconds,
        };
        output.AddTo(command);
        command.Validators.Add(result =>
        {
            int given = new Option[] { values, results, failed }.Count(option => result.GetResult(option) is not null);
            if (given != 1)
                result.AddError("give one of --value, --results and --failed");
        });
        command.SetAction(parsed =>
        {
            TellAnswer answer = SearchTurns.Tell(
                parsed.GetValue(folder)!.FullName,
                parsed.GetValue(trial),
                metric => parsed.GetValue(failed) is { } reason
                    ? new TrialResult([], reason)
                    : new TrialResult(
                        parsed.GetValue(results) is { } path
                            ? CommandResults.Read(path, [metric])
                            : [.. Values(parsed.GetValue(values)!).Select(pair => new Score(pair.Key, metric, pair.Value, 0))],
                        null),
                parsed.GetValue(seconds),
                Interrupt.Token);
            if (parsed.GetValue(output.Json))
                TurnPrinter.PrintJson(answer);
            else if (!parsed.GetValue(output.Quiet))
                TurnPrinter.Print(answer);
            return 0;
        });
        return command;

        IEnumerable<KeyValuePair<string, double>> Values(string[] texts) =>
            NamedValues.Read(values.Name, texts, Value).Select(pair =>
                pair.Key.Length > 0 ? pair : KeyValuePair.Create(CommandOutput.WholeSet, pair.Value));
    }

    private static double Value(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new DemException(ErrorCode.BadArgument, $"--value: '{text}' is not a number");
}
