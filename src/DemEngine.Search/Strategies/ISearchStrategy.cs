using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// Decides which points to try next. It is asked for points and told their costs, in turn, and knows nothing of models. Told the same, it asks for the
/// same points, however many at a time, so that a search that was stopped resumes by replaying its trials.
/// </summary>
public interface ISearchStrategy
{
    /// <summary>As <c>--strategy</c> names it.</summary>
    string Name { get; }

    /// <summary>The next points to try, none of which depends on the others' costs; none if there is none left to try.</summary>
    /// <param name="most">No more than these, at least 1.</param>
    IReadOnlyList<SearchPoint> Ask(int most);

    /// <summary>Says how good one of the points last asked for is: once for each, in their order.</summary>
    /// <param name="cost">Lower is better; +∞ for a trial that failed.</param>
    void Tell(double cost);
}
