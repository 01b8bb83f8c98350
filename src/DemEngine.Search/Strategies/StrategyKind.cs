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

    /// <summary>Projected quasi-Newton steps by the slopes of the loss: <see cref="GradientSearch"/>.</summary>
    Gradient,

    /// <summary>A quadratic fitted to few points: <see cref="SurrogateSearch"/>.</summary>
    Surrogate,

    /// <summary>A Gaussian process and its expected improvement: <see cref="BayesianSearch"/>.</summary>
    Bayesian,
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
        StrategyKind.Gradient => new GradientSearch(space),
        StrategyKind.Surrogate => new SurrogateSearch(space),
        StrategyKind.Bayesian => new BayesianSearch(space, seed),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Whether the strategy ends by itself after a number of trials that is known or small.</summary>
    public static bool Ends(this StrategyKind kind) =>
        kind is StrategyKind.Grid or StrategyKind.Coordinate or StrategyKind.Gradient or StrategyKind.Surrogate;

    /// <summary>Whether what the strategy asks for depends on the costs that it was told.</summary>
    internal static bool NeedsCosts(this StrategyKind kind) => kind is not (StrategyKind.Grid or StrategyKind.Random);
}
