using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>The strategies there are.</summary>
public enum StrategyKind
{
    /// <summary><see cref="GridSearch"/>.</summary>
    Grid,

    /// <summary><see cref="CoordinateDescent"/>.</summary>
    Coordinate,

    /// <summary><see cref="RandomSearch"/>.</summary>
    Random,

    /// <summary><see cref="CmaEs"/>.</summary>
    CmaEs,
}

/// <summary>From the name of a strategy to the strategy.</summary>
public static class StrategyKinds
{
    /// <summary>Begins a search.</summary>
    /// <param name="kind">Which strategy.</param>
    /// <param name="space">Where it searches.</param>
    /// <param name="seed">Of the random numbers, where it uses any.</param>
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
