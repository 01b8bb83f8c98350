using DemEngine.Merging.Options;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>How a search is to be done.</summary>
public sealed record SearchOptions
{
    /// <summary>Largest grid that is searched without a budget.</summary>
    public const long LargestGrid = 20_000;

    /// <summary>Trials of a strategy that would not end by itself, where no budget is given.</summary>
    public const int DefaultTrials = 200;

    /// <summary>What says which points are tried.</summary>
    public StrategyKind Strategy { get; init; } = StrategyKind.Coordinate;

    /// <summary>Of the strategies that draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Which coefficients are searched.</summary>
    public CoefficientOptions Coefficients { get; init; } = new();

    /// <summary>What is made of several validation sets.</summary>
    public ObjectiveKind Objective { get; init; }

    /// <summary>For <see cref="ObjectiveKind.Weighted"/>: by set.</summary>
    public IReadOnlyDictionary<string, double> SetWeights { get; init; } = new Dictionary<string, double>();

    /// <summary>When to end at the latest.</summary>
    public SearchBudget Budget { get; init; } = new(null, null);

    /// <summary>Whether each source alone and their plain average are tried, for comparison.</summary>
    public bool Compare { get; init; }

    /// <summary>Whether the neighbourhood of the optimum is tried.</summary>
    public bool Sensitivity { get; init; }

    /// <summary>Whether conflicts between sources are measured.</summary>
    public bool Conflicts { get; init; }

    /// <summary>Whether trials that failed in an earlier run are made again.</summary>
    public bool RetryFailed { get; init; }

    /// <summary>What to do where the models do not match.</summary>
    public AlignmentOptions Alignment { get; init; } = new();

    /// <summary>Threads, buffers, and how files are read.</summary>
    public RunOptions Run { get; init; } = new();

    /// <summary>The budget, with a bound where the strategy has no end of its own.</summary>
    /// <exception cref="DemException">DEM1001: the grid is too large to be searched without one.</exception>
    internal SearchBudget BudgetFor(SearchSpace space)
    {
        bool isBounded = Budget.Trials is not null || Budget.Time is not null;
        if (Strategy == StrategyKind.Grid && !isBounded && space.GridCount > LargestGrid)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"the grid has {(space.GridCount == long.MaxValue ? "more than 9·10¹⁸" : space.GridCount)} points; give --trials or --minutes, a larger step, or another strategy");
        }

        return isBounded || Strategy.Ends() ? Budget : Budget with { Trials = DefaultTrials };
    }
}
