using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Merging.Options;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>Options of a search.</summary>
public sealed record SearchOptions
{
    /// <summary>Maximum number of points of a grid that is searched without a budget.</summary>
    public const long LargestGrid = 20_000;

    /// <summary>Number of trials of a strategy that does not end by itself, where no budget is given.</summary>
    public const int DefaultTrials = 200;

    /// <summary>Strategy that chooses which points are tried.</summary>
    public StrategyKind Strategy { get; init; } = StrategyKind.Coordinate;

    /// <summary>Seed of the strategies that draw random points.</summary>
    public ulong Seed { get; init; }

    /// <summary>Selection of the coefficients that are searched.</summary>
    public CoefficientOptions Coefficients { get; init; } = new();

    /// <summary>Objective that combines several validation sets.</summary>
    public ObjectiveKind Objective { get; init; }

    /// <summary>Weight of each set by name, for <see cref="ObjectiveKind.Weighted"/>.</summary>
    public IReadOnlyDictionary<string, double> SetWeights { get; init; } = new Dictionary<string, double>();

    /// <summary>Limits after which the search ends.</summary>
    public SearchBudget Budget { get; init; } = new(null, null);

    /// <summary>Whether each source alone and their plain average are tried, for comparison.</summary>
    public bool Compare { get; init; }

    /// <summary>Whether the neighbourhood of the optimum is tried.</summary>
    public bool Sensitivity { get; init; }

    /// <summary>Whether conflicts between sources are reported.</summary>
    public bool Conflicts { get; init; }

    /// <summary>
    /// Whether the recipes that no other is better than on every set are written. For each set there is one search more, in
    /// which this set counts as much as all others together.
    /// </summary>
    public bool Pareto { get; init; }

    /// <summary>Whether trials that failed in an earlier run are repeated.</summary>
    public bool RetryFailed { get; init; }

    /// <summary>
    /// Number of candidates that an external program evaluates at the same time. What a strategy asks for does not depend on it,
    /// nor on which of them is done first.
    /// </summary>
    public int Jobs { get; init; } = 1;

    /// <summary>
    /// Devices of the candidates that an external program evaluates, one entry for each that is evaluated at the same time, see
    /// <see cref="CommandPlace.Devices"/>; empty to leave them to the program.
    /// </summary>
    public ImmutableArray<string> Devices { get; init; } = [];

    /// <summary>Whether the first trial that fails ends the search, and stays out of the log, so that it is made again.</summary>
    public bool StopOnFailure { get; init; }

    /// <summary>Handling of models that do not match.</summary>
    public AlignmentOptions Alignment { get; init; } = new();

    /// <summary>Run options: threads, buffers, and how files are read.</summary>
    public RunOptions Run { get; init; } = new();

    /// <summary>Returns the budget, with a limit added if the strategy does not end by itself.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the grid is too large to be searched without a budget.</exception>
    internal SearchBudget BudgetFor(SearchSpace space)
    {
        bool isBounded = Budget.Trials is not null || Budget.Time is not null;
        if (Strategy == StrategyKind.Grid && !isBounded && space.GridCount > LargestGrid)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"the grid has {(space.GridCount == long.MaxValue ? "more than 9·10¹⁸" : space.GridCount)} points; "
                + "limit the trials or the minutes, or take a larger step, or another strategy");
        }

        return isBounded || Strategy.Ends() ? Budget : Budget with { Trials = DefaultTrials };
    }
}
