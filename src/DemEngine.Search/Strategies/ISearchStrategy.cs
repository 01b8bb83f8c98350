using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// Decides which points to try next. A strategy is asked for points and told their costs, in turn, and knows nothing of models.
/// Told the same costs, it asks for the same points, however many at a time, so that a stopped search resumes by replaying its
/// trials.
/// </summary>
public interface ISearchStrategy
{
    /// <summary>Name of the strategy, such as <c>grid</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Returns the next points to try, none of which depends on the costs of the others; empty if there is none left to try.
    /// </summary>
    /// <param name="most">Maximum number of points, at least 1.</param>
    IReadOnlyList<SearchPoint> Ask(int most);

    /// <summary>
    /// Tells the strategy how good a point is; called once for each of the points that were last asked for, in their order.
    /// </summary>
    /// <param name="cost">Cost of the point, of which lower is better; +∞ for a failed trial.</param>
    void Tell(double cost);
}
