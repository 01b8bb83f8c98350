using System.CommandLine;
using System.Globalization;
using DemEngine.Backends;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Evaluation;
using DemEngine.Search;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem search ask RECIPE --out DIR</c>.</summary>
internal static class SearchAskCommand
{
    public static Command Build()
    {
        Argument<string> recipe = RecipeArgument.New("The recipe to search the coefficients of");
        var folder = new Option<DirectoryInfo>("--out", "-o")
        {
            Description = "The folder of the search, the same for every ask and tell.",
            HelpName = "dir",
            Required = true,
        };
        var count = Numbers.Positive("--n", "Ask for so many trials. Default 1.", 1);
        var at = new Option<string[]>("--at")
        {
            Description = "Ask for the trial with these coefficients, one for each source, as another optimiser proposes it.",
            HelpName = "name=value",
            AllowMultipleArgumentsPerToken = true,
        };
        var outstanding = new Option<bool>("--outstanding")
        {
            Description = "Hand out again what was asked for and not told yet.",
        };
        var lease = Numbers.NotNegative(
            "--lease",
            "Minutes for which the trials belong to the caller. Those that were not told by then are handed out again, first. "
            + "Default: for ever.",
            0);
        lease.HelpName = "minutes";
        lease.DefaultValueFactory = null;
        var metric = new Option<string>("--metric")
        {
            Description = "The metric that will be told, as for `dem search`. Default "
                + $"{CommandOutput.Score}.",
            HelpName = "name",
        };
        var search = new SearchCommandOptions();
        var alignment = new AlignmentCommandOptions();
        var device = new BackendCommandOptions();

        var command = new Command("ask", "Hand out trials of a search, with a recipe for each, to be evaluated elsewhere.")
        {
            recipe, folder, count, at, outstanding, lease, metric,
        };
        search.AddTo(command);
        alignment.AddTo(command);
        device.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(at) is not null && result.GetValue(outstanding))
                result.AddError("--at and --outstanding exclude each other");
            if (result.GetResult(lease) is not null && result.GetValue(outstanding))
                result.AddError("--lease and --outstanding exclude each other: what has run out is handed out again anyway");
        });
        command.SetAction(parsed =>
        {
            SearchOptions options = search.Read(parsed) with { Alignment = alignment.Read(parsed) };
            using IMergeBackend backend = device.Open(parsed, quiet: true);
            AskAnswer answer = SearchTurns.Ask(
                RecipeArgument.ReadOne(parsed.GetValue(recipe)!),
                parsed.GetValue(folder)!.FullName,
                parsed.GetValue(metric) is { } name ? Metric.Parse(name) : CommandOutput.Score,
                options,
                new AskedPoints
                {
                    Count = parsed.GetValue(count),
                    Given = parsed.GetValue(at) is { Length: > 0 } given ? NamedValues.Read(at.Name, given, Coefficient) : null,
                    OutstandingOnly = parsed.GetValue(outstanding),
                    Lease = parsed.GetResult(lease) is null ? null : TimeSpan.FromMinutes(parsed.GetValue(lease)),
                },
                backend,
                Interrupt.Token);
            TurnPrinter.Print(answer, parsed.GetValue(GlobalOptions.Json));
            return 0;
        });
        return command;
    }

    private static double Coefficient(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw new DemException(ErrorCode.BadArgument, $"--at: '{text}' is not a number");
}
