namespace DemEngine.Search.Strategies;

/// <summary>
/// Decides which point to try next. It is asked for a point and told its cost, in turn, and knows nothing of models. Asked and told the
/// same, it asks the same again, so that a search that was stopped resumes by replaying its trials.
/// </summary>
public interface ISearchStrategy
{
    /// <summary>As <c>--strategy</c> names it.</summary>
    string Name { get; }

    /// <summary>The next point to try; null if there is none left to try.</summary>
    SearchPoint? Ask();

    /// <summary>Says how good the point last asked for is.</summary>
    /// <param name="cost">Lower is better; +∞ for a trial that failed.</param>
    void Tell(double cost);
}
