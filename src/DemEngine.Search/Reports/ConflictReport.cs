using System.Collections.Immutable;
using DemEngine.Analysis;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Reports;

/// <summary>A pair of sources: how alike their weights are, and what they achieve together.</summary>
/// <param name="First">Name of the first source.</param>
/// <param name="Second">Name of the second source.</param>
/// <param name="Cosine">Cosine of the angle between their distribution vectors; NaN if one is zero.</param>
/// <param name="Signs">Extent to which the vectors pull in opposite directions.</param>
/// <param name="Together">Trial of the two sources with their coefficients of the optimum and no other source.</param>
public sealed record SourcePair(string First, string Second, double Cosine, SignConflict Signs, Trial Together);

/// <summary>
/// Conflicts between sources, in their weights and in the metric: how alike the distribution vectors are, beside what the sources
/// achieve with their coefficients of the optimum each alone, in pairs, and all together.
/// </summary>
/// <param name="Base">Trial of the base, without any source.</param>
/// <param name="Alone">Trials of each source alone with its coefficient of the optimum.</param>
/// <param name="Pairs">All pairs of sources.</param>
/// <param name="All">Trial of the optimum.</param>
public sealed record ConflictReport(
    Trial Base,
    ImmutableArray<(string Source, Trial Trial)> Alone,
    ImmutableArray<SourcePair> Pairs,
    Trial All)
{
    /// <summary>Maximum number of trials that a report needs.</summary>
    public static int MaxTrials(CoefficientMap map) => 1 + (map.Sources.Length * (map.Sources.Length + 1) / 2);

    /// <summary>Tries the combinations of sources and reports their conflicts.</summary>
    /// <param name="best">Trial of the optimum.</param>
    /// <param name="map">Coefficient map of a method that adds differences to a base.</param>
    /// <param name="distances">Distances between the sources, in the map's order.</param>
    /// <param name="signs">Sign conflicts between the sources, in the map's order.</param>
    /// <param name="runner">Runner that tries the combinations.</param>
    /// <param name="tried">Callback that is called after each trial.</param>
    /// <param name="cancel">Token that stops the trials.</param>
    public static ConflictReport Make(
        Trial best,
        CoefficientMap map,
        LayerDistances distances,
        ImmutableArray<ImmutableArray<SignConflict>> signs,
        TrialRunner runner,
        Action<Trial> tried,
        CancellationToken cancel)
    {
        int count = map.Sources.Length;
        (int I, int J)[] pairs =
        [
            .. Enumerable.Range(0, count).SelectMany(i =>
                Enumerable.Range(i + 1, count - i - 1).Select(j => (i, j))),
        ];
        runner.Expect(
        [
            best.Coefficients.Only(),
            .. Enumerable.Range(0, count).Select(k => best.Coefficients.Only(k)),
            .. pairs.Select(pair => best.Coefficients.Only(pair.I, pair.J)),
        ]);

        Trial Try(params ReadOnlySpan<int> sources)
        {
            cancel.ThrowIfCancellationRequested();
            Trial trial = runner.Try(best.Coefficients.Only(sources), cancel);
            tried(trial);
            return trial;
        }

        Trial origin = Try();
        ImmutableArray<(string, Trial)> alone = [.. Enumerable.Range(0, count).Select(k => (map.Sources[k], Try(k)))];
        ImmutableArray<SourcePair> together =
        [
            .. pairs.Select(pair => new SourcePair(
                map.Sources[pair.I],
                map.Sources[pair.J],
                distances.Whole.Cosines[pair.I][pair.J],
                signs[pair.I][pair.J],
                Try(pair.I, pair.J))),
        ];
        return new ConflictReport(origin, alone, together, best);
    }
}
