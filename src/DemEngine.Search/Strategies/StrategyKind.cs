using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>Kinds of search strategies.</summary>
public enum StrategyKind
{
    /// <summary>Every point of the grid: <see cref="GridSearch"/>.</summary>
    Grid,

    /// <summary>One coefficient after another: <see cref="CoordinateDescent"/>.</summary>
    Coordinate,

    /// <summary>Points drawn at random: <see cref="RandomSearch"/>.</summary>
    Random,

    /// <summary>Covariance matrix adaptation: <see cref="CmaEs"/>.</summary>
    CmaEs,
}

/// <summary>Makes strategies by their kind.</summary>
public static class StrategyKinds
{
    /// <summary>Makes a strategy at the beginning of its search.</summary>
    /// <param name="kind">Kind of strategy.</param>
    /// <param name="space">Search space of the strategy.</param>
    /// <param name="seed">Seed of the random numbers, where the strategy uses any.</param>
    public static ISearchStrategy Begin(this StrategyKind kind, SearchSpace space, ulong seed) => kind switch
    {
        StrategyKind.Grid => new GridSearch(space),
        StrategyKind.Coordinate => new CoordinateDescent(space),
        StrategyKind.Random => new RandomSearch(space, seed),
        StrategyKind.CmaEs => new CmaEs(space, seed),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Whether the strategy ends by itself after a number of trials that is known or small.</summary>
    public static bool Ends(this StrategyKind kind) => kind is StrategyKind.Grid or StrategyKind.Coordinate;
}
