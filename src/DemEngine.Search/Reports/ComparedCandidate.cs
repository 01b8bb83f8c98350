using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Reports;

/// <summary>A candidate that the best one is compared with.</summary>
/// <param name="Name">Name of the candidate, such as <c>base</c>, <c>math alone</c> or <c>average</c>.</param>
/// <param name="Trial">Trial of the candidate.</param>
public sealed record ComparedCandidate(string Name, Trial Trial)
{
    /// <summary>
    /// Lists the candidates that show what a search gained: the base, each source's model unchanged, and the plain average of the
    /// sources.
    /// </summary>
    /// <param name="map">
    /// Coefficient map of a method that adds differences to a base: with coefficient 0 a source has no effect, and with 1 alone
    /// the result is that source.
    /// </param>
    /// <param name="all">Whether to list all of them rather than the base alone.</param>
    public static IEnumerable<(string Name, Coefficients Coefficients)> Candidates(CoefficientMap map, bool all)
    {
        int count = map.Sources.Length;
        yield return ("base", Coefficients.Of(Enumerable.Repeat(0.0, count)));
        if (!all)
            yield break;
        for (int k = 0; k < count; k++)
            yield return (
                $"{map.Sources[k]} alone",
                Coefficients.Of(Enumerable.Range(0, count).Select(source => source == k ? 1.0 : 0.0)));
        if (count > 1)
            yield return ("average", Coefficients.Of(Enumerable.Repeat(1.0 / count, count)));
    }
}
