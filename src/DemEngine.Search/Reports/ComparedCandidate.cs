using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Reports;

/// <summary>A candidate that the best one is compared with.</summary>
/// <param name="Name">Such as <c>base</c>, <c>math alone</c> or <c>average</c>.</param>
/// <param name="Trial">How it did.</param>
public sealed record ComparedCandidate(string Name, Trial Trial)
{
    /// <summary>Candidates that say what a search was good for: the base, each source's model as it is, and their plain average.</summary>
    /// <param name="map">Of a method that adds differences to a base: with coefficient 0 a source is not there, with 1 alone it is itself.</param>
    /// <param name="all">Whether to try all of them, or the base alone.</param>
    public static IEnumerable<(string Name, Coefficients Coefficients)> Candidates(CoefficientMap map, bool all)
    {
        int count = map.Sources.Length;
        yield return ("base", Coefficients.Of(Enumerable.Repeat(0.0, count)));
        if (!all)
            yield break;
        for (int k = 0; k < count; k++)
            yield return ($"{map.Sources[k]} alone", Coefficients.Of(Enumerable.Range(0, count).Select(source => source == k ? 1.0 : 0.0)));
        if (count > 1)
            yield return ("average", Coefficients.Of(Enumerable.Repeat(1.0 / count, count)));
    }
}
