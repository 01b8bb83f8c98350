using System.Collections.Immutable;
using DemEngine.Analysis;
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
    public static int MostTrials(CoefficientMap map) => 1 + (map.Sources.Length * (map.Sources.Length + 1) / 2);

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
        Trial Try(params ReadOnlySpan<int> sources)
        {
            cancel.ThrowIfCancellationRequested();
            Trial trial = runner.Try(best.Coefficients.Only(sources), cancel);
            tried(trial);
            return trial;
        }

        Trial origin = Try();
        int count = map.Sources.Length;
        ImmutableArray<(string, Trial)> alone = [.. Enumerable.Range(0, count).Select(k => (map.Sources[k], Try(k)))];
        var pairs = ImmutableArray.CreateBuilder<SourcePair>();
        for (int i = 0; i < count; i++)
        {
            for (int j = i + 1; j < count; j++)
                pairs.Add(new SourcePair(map.Sources[i], map.Sources[j], distances.Whole.Cosines[i][j], signs[i][j], Try(i, j)));
        }

        return new ConflictReport(origin, alone, pairs.ToImmutable(), best);
    }
}
