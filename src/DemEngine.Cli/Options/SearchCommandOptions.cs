using System.CommandLine;
using System.Globalization;
using DemEngine.Cli.Formatting;
using DemEngine.Search;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;

namespace DemEngine.Cli.Options;

/// <summary>The options for what a search varies, by which strategy, and for which objective.</summary>
internal sealed class SearchCommandOptions
{
    private static readonly (string Word, StrategyKind Kind)[] Strategies =
    [
        ("grid", StrategyKind.Grid),
        ("coordinate", StrategyKind.Coordinate),
        ("random", StrategyKind.Random),
        ("cma-es", StrategyKind.CmaEs),
        ("gradient", StrategyKind.Gradient),
        ("surrogate", StrategyKind.Surrogate),
        ("bayesian", StrategyKind.Bayesian),
    ];

    private readonly Option<StrategyKind> _strategy = new("--strategy")
    {
        Description = "What says which coefficients to try: all of the grid, one after the other, at random, "
            + "by covariance matrix adaptation, by the slopes of the loss, by a quadratic fitted to few trials, "
            + "or by a Gaussian process. Default coordinate.",
        HelpName = string.Join('|', Strategies.Select(one => one.Word)),
        DefaultValueFactory = _ => StrategyKind.Coordinate,
        CustomParser = result =>
        {
            string word = result.Tokens[0].Value;
            if (!Strategies.Any(one => one.Word == word))
                result.Refuse($"'{word}' is not one of {string.Join(", ", Strategies.Select(one => one.Word))}");
            return Strategies.FirstOrDefault(one => one.Word == word).Kind;
        },
    };

    private readonly Option<long> _seed = new("--seed")
    {
        Description = "Of the strategies that draw at random. Default 0.",
        HelpName = "n",
        DefaultValueFactory = _ => 0,
    };

    private readonly Option<bool> _shared = new("--shared")
    {
        Description = "Search one coefficient that all sources share.",
    };

    private readonly Option<bool> _perSource = new("--per-source")
    {
        Description = "Search one coefficient for each source, as without this option.",
    };

    private readonly Option<int> _groups = Numbers.Positive(
        "--layer-groups", "Give so many groups of layers coefficients of their own. Default 1.", 1);

    private readonly Option<string?> _parameter = new("--parameter")
    {
        Description = "The method's parameter to search. Default weight, or the first number of a method without it.",
        HelpName = "name",
    };

    private readonly Option<string[]> _ranges = new("--range")
    {
        Description = "Values to try, for all coefficients or for those of one source; grids and walks go in steps. Default "
            + $"{CoefficientRange.Default}.",
        HelpName = "[name=]low:high:step",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<ObjectiveKind> _objective = Choice.Option(
        "--objective",
        "What is made of the metric on several sets: their mean, the worst of them, their weighted mean, or the mean or worst "
        + "regret, which is 0 at the best source alone and 1 at the base.",
        ObjectiveKind.Mean);

    private readonly Option<string[]> _setWeights = new("--set-weight")
    {
        Description = "With --objective weighted: what a set counts. A set without one counts 1.",
        HelpName = "name=weight",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int?> _trials = new("--trials")
    {
        Description = "End after so many trials, earlier runs' included. Grids and walks end by themselves; "
            + "otherwise, if --minutes is not given either, "
            + $"{SearchOptions.DefaultTrials}.",
        HelpName = "n",
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                && count >= 1)
                return count;
            result.Refuse($"'{result.Tokens[0].Value}' is not a whole number from 1");
            return null;
        },
    };

    private readonly Option<double> _minutes = Numbers.NotNegative(
        "--minutes", "Begin no trial after so many minutes; 0 for no such bound. Default 0.", 0);

    private readonly Option<bool> _compare = new("--compare")
    {
        Description = "Also try each source's model alone and their average, for comparison.",
    };

    private readonly Option<bool> _sensitivity = new("--sensitivity")
    {
        Description = "Also try the neighbourhood of the best: how the metric moves with each coefficient.",
    };

    private readonly Option<bool> _conflicts = new("--conflicts")
    {
        Description = "Also say where sources conflict: cosines and signs of their vectors, "
            + "beside the metric of each alone, of every two, and of all.",
    };

    private readonly Option<bool> _pareto = new("--pareto")
    {
        Description = "Also search for each set, and write the recipes that no other is better than on every set.",
    };

    private readonly Option<bool> _retryFailed = new("--retry-failed")
    {
        Description = "Try again what failed in an earlier run.",
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Go on with a search that was stopped, as it does without this option, too; --resume=auto says the same.",
    };

    private readonly Option<bool> _resumeAuto = new("--resume-auto")
    {
        Hidden = true,
        Description = "The same as --resume=auto.",
    };

    public void AddTo(Command command)
    {
        Option[] options =
        [
            _resume,
            _resumeAuto,
            _strategy,
            _ranges,
            _shared,
            _perSource,
            _groups,
            _parameter,
            _objective,
            _setWeights,
            _trials,
            _minutes,
            _seed,
            _compare,
            _sensitivity,
            _conflicts,
            _pareto,
            _retryFailed,
        ];
        foreach (Option option in options)
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_shared) && result.GetValue(_perSource))
                result.AddError("--shared and --per-source exclude each other");
        });
    }

    /// <summary>Reads the options of the search, without those for threads, memory and devices.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): a value of an option cannot be used.</exception>
    public SearchOptions Read(ParseResult parsed)
    {
        Dictionary<string, CoefficientRange> ranges = NamedValues.Read(
            _ranges.Name, parsed.GetValue(_ranges), CoefficientRange.Parse);
        return new SearchOptions
        {
            Strategy = parsed.GetValue(_strategy),
            Seed = (ulong)parsed.GetValue(_seed),
            Coefficients = new CoefficientOptions
            {
                Shared = parsed.GetValue(_shared),
                LayerGroups = parsed.GetValue(_groups),
                Parameter = parsed.GetValue(_parameter),
                Range = ranges.Remove("", out CoefficientRange? all) ? all : CoefficientRange.Default,
                RangeOf = ranges,
            },
            Objective = parsed.GetValue(_objective),
            SetWeights = NamedValues.Read(_setWeights.Name, parsed.GetValue(_setWeights), Weight),
            Budget = new SearchBudget(
                parsed.GetValue(_trials),
                parsed.GetValue(_minutes) is > 0 and var minutes ? TimeSpan.FromMinutes(Math.Min(minutes, 1e6)) : null),
            Compare = parsed.GetValue(_compare),
            Sensitivity = parsed.GetValue(_sensitivity),
            Conflicts = parsed.GetValue(_conflicts),
            Pareto = parsed.GetValue(_pareto),
            RetryFailed = parsed.GetValue(_retryFailed),
        };
    }

    private static double Weight(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double weight)
            ? weight
            : throw new DemException(ErrorCode.BadArgument, $"--set-weight: '{text}' is not a number");
}
