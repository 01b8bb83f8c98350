namespace DemEngine.Search.Strategies;

/// <summary>A strategy that learns from the slopes of the cost as well, and is told them with it.</summary>
public interface IGradientStrategy : ISearchStrategy
{
    /// <summary>
    /// Tells the strategy how good a point is and how the cost changes about it; called instead of
    /// <see cref="ISearchStrategy.Tell"/>.
    /// </summary>
    /// <param name="cost">Cost of the point; +∞ for a failed trial.</param>
    /// <param name="slope">Derivatives of the cost, one for each dimension; empty for a failed trial.</param>
    void Tell(double cost, IReadOnlyList<double> slope);
}
