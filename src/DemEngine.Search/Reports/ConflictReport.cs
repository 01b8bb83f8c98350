using System.Collections.Immutable;
using DemEngine.Analysis;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Reports;

/// <summary>Two sources together.</summary>
/// <param name="First">The one.</param>
/// <param name="Second">The other.</param>
/// <param name="Cosine">Of the angle between their distribution vectors; NaN if one is zero.</param>
/// <param name="Signs">How far these pull in opposite directions.</param>
/// <param name="Together">The two with their coefficients of the optimum and no other source.</param>
public sealed record SourcePair(string First, string Second, double Cosine, SignConflict Signs, Trial Together);

/// <summary>
/// Where sources conflict, in their weights and in the metric: how alike the distribution vectors are, beside what each source achieves
/// with its coefficient of the optimum alone, two by two, and all together.
/// </summary>
/// <param name="Base">No source.</param>
/// <param name="Alone">Each source alone with its coefficient of the optimum.</param>
/// <param name="Pairs">Every two.</param>
/// <param name="All">The optimum.</param>
public sealed record ConflictReport(Trial Base, ImmutableArray<(string Source, Trial Trial)> Alone, ImmutableArray<SourcePair> Pairs, Trial All)
{
    /// <summary>Number of trials at most.</summary>
    public static int MaxTrials(CoefficientMap map) => 1 + (map.Sources.Length * (map.Sources.Length + 1) / 2);

    /// <summary>Tries and reports.</summary>
    /// <param name="best">The optimum.</param>
    /// <param name="map">What has coefficients: the sources of a method that adds differences to a base.</param>
    /// <param name="distances">Measured of the sources in their order.</param>
    /// <param name="signs">The same.</param>
    /// <param name="runner">Tries.</param>
    /// <param name="tried">Told of each trial.</param>
    /// <param name="cancel">Stops it.</param>
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
        (int I, int J)[] pairs = [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Range(i + 1, count - i - 1).Select(j => (i, j)))];
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
            [.. pairs.Select(pair => new SourcePair(map.Sources[pair.I], map.Sources[pair.J], distances.Whole.Cosines[pair.I][pair.J], signs[pair.I][pair.J], Try(pair.I, pair.J)))];
        return new ConflictReport(origin, alone, together, best);
    }
}
