using DemEngine.Checkpoints;
using DemEngine.Merging;
using DemEngine.Merging.Deltas;
using DemEngine.Numerics;

namespace DemEngine.Tests.Methods;

/// <summary>Cuts through more elements than are looked at one by one: of which a sample is taken, and whose tiles are many, against sorting.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class CutSearchTests
{
    private const int Many = (int)CutSample.FewestElements + 70_001;

    // Too few for a sample; so many tiles that counts of all of them are not kept.
    private const int Some = 450_000;

    private static readonly double[] Densities = [1e-6, 0.01, 0.3, 0.5, 0.98, 0.9999999];

    /// <summary>What the differences are like.</summary>
    public enum Kind
    {
        Random,
        FewMagnitudes,
        EqualMagnitudes,
        MostlyZero,
        Ascending,
        SampleIsSmall,
        SampleIsLarge,
        SampleIsZero,
    }

    [Test]
    public void Exactly_the_largest_are_kept([Values] Kind kind, [Values(ElementType.F32, ElementType.BF16)] ElementType type) => Check(kind, type, Many, TileSize.DefaultBytes);

    [Test]
    public void Exactly_the_largest_are_kept_in_small_tiles([Values(Kind.Random, Kind.FewMagnitudes)] Kind kind) =>
        Check(kind, ElementType.BF16, Some, ContentHash.LeafBytes);

    [Test]
    public void Exactly_the_largest_are_kept_of_a_sample_in_small_tiles([Values(Kind.Random, Kind.FewMagnitudes, Kind.SampleIsSmall)] Kind kind) =>
        Check(kind, ElementType.F32, 10 * Many, ContentHash.LeafBytes, 0.3);

    private static void Check(Kind kind, ElementType type, int count, int tileBytes, params double[] densities)
    {
        double[] wanted = Values(kind, count, tileBytes / type.Size);
        using var run = new MethodRun([count], type, wanted) { Options = new RunOptions { TileBytes = tileBytes } }.Add("base", type, new double[count]);
        double[] x = run.Of("m0");
        int[] order = [.. Enumerable.Range(0, count)];
        double[] magnitudes = [.. x.Select(value => -Math.Abs(value))];
        Array.Sort(magnitudes, order);
        foreach (double density in densities.Length > 0 ? densities : Densities)
        {
            double[] merged = run.Merge($"merge_method: ties\nbase_model: base\nparameters: {{density: {density}, normalize: false}}\nmodels:\n  - {{model: m0, parameters: {{weight: 1}}}}\n");
            double[] expected = Largest(x, order, magnitudes, (int)(density * count));
            Assert.That(merged.AsSpan().SequenceEqual(expected), Is.True, $"density {density}: {merged.Count(value => value != 0)} kept, {expected.Count(value => value != 0)} expected");
        }
    }

    /// <summary>The largest; of those that equal the least of them, the first.</summary>
    private static double[] Largest(double[] x, int[] order, double[] magnitudes, int kept)
    {
        double[] result = new double[x.Length];
        if (kept == 0)
            return result;

        double least = -magnitudes[kept - 1];
        int larger = 0;
        for (; -magnitudes[larger] > least; larger++)
            result[order[larger]] = x[order[larger]];
        for (int i = 0, left = kept - larger; left > 0; i++)
        {
            if (Math.Abs(x[i]) != least)
                continue;
            result[i] = x[i];
            left--;
        }

        return result;
    }

    private static double[] Values(Kind kind, int count, int tileElements)
    {
        var random = new Random(1);
        double[] values = [.. Enumerable.Range(0, count).Select(i => kind switch
        {
            Kind.FewMagnitudes => random.Next(-4, 5) / 64.0,
            Kind.EqualMagnitudes => random.Next(2) - 0.5,
            Kind.MostlyZero => random.Next(50) == 0 ? random.NextDouble() : 0,
            Kind.Ascending => (i + 1) / (double)count,
            _ => random.NextDouble() - 0.5,
        })];
        if (kind is not (Kind.SampleIsSmall or Kind.SampleIsLarge or Kind.SampleIsZero))
            return values;

        var sample = new CutSample(count);
        for (int first = 0; first < count; first += tileElements)
        {
            foreach (var (start, length) in sample.Pieces(first, Math.Min(tileElements, count - first)))
            {
                foreach (ref double value in values.AsSpan((int)start, length))
                    value *= kind switch { Kind.SampleIsSmall => 1 / 1024.0, Kind.SampleIsLarge => 1024, _ => 0 };
            }
        }

        return values;
    }
}
