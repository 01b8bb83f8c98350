using System.Collections.Immutable;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Lays exercises out in a plane by the counts of their bytes and of their pairs of neighbouring bytes.</summary>
public static class SourceMaps
{
    private const int PointsEach = 30;

    /// <summary>Computes the map.</summary>
    /// <param name="sources">Sources to show.</param>
    /// <param name="seed">Seed that the exercises are drawn with.</param>
    public static SourceMap Make(IReadOnlyList<TextSource> sources, long seed)
    {
        Dictionary<int, double>[] points =
        [
            .. sources
                .SelectMany(source => Splits.Draw(source, Split.Train, PointsEach, seed))
                .Select(exercise => Describe(exercise.Prompt + exercise.Answer)),
        ];
        var products = new double[points.Length, points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            for (int j = 0; j <= i; j++)
                products[i, j] = products[j, i] =
                    points[i].Sum(feature => feature.Value * points[j].GetValueOrDefault(feature.Key));
        }

        var components = new PrincipalComponents(products, 2);
        ImmutableArray<double> Part(int axis, int source) =>
            components.Coordinates[axis].Slice(source * PointsEach, PointsEach);
        return new SourceMap(
            "counts of bytes and of pairs of neighbouring bytes in prompt and answer, each exercise scaled to length 1",
            components.Shares,
            [.. sources.Select((source, k) => new PointCloud(source.Name, Part(0, k), Part(1, k)))]);
    }

    private static Dictionary<int, double> Describe(string text)
    {
        var counts = new Dictionary<int, double>();
        for (int i = 0; i < text.Length; i++)
        {
            counts[text[i]] = counts.GetValueOrDefault(text[i]) + 1;
            if (i > 0)
                counts[((text[i - 1] + 1) << 8) + text[i]] =
                    counts.GetValueOrDefault(((text[i - 1] + 1) << 8) + text[i]) + 1;
        }

        double length = Math.Sqrt(counts.Values.Sum(count => count * count));
        return counts.ToDictionary(pair => pair.Key, pair => pair.Value / length);
    }
}
