using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Statistics;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Methods;

/// <summary>Cuts through more elements than are looked at one by one: of which a sample is taken, and whose tiles are many, against sorting.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ThresholdSearchTests
{
    private const int Many = (int)RadixSelectSample.MinElements + 70_001;

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
    public void Exactly_the_largest_are_kept([Values] Kind kind, [Values(ElementType.F32, ElementType.BF16)] ElementType type) => Check(kind, type, Many, RunOptions.DefaultTileBytes);

    [Test]
    public void Exactly_the_largest_are_kept_in_small_tiles([Values(Kind.Random, Kind.FewMagnitudes)] Kind kind) =>
        Check(kind, ElementType.BF16, Some, ContentHash.LeafBytes);

    [Test]
    public void Exactly_the_largest_are_kept_of_a_sample_in_small_tiles([Values(Kind.Random, Kind.FewMagnitudes, Kind.SampleIsSmall)] Kind kind) =>
        Check(kind, ElementType.F32, 10 * Many, ContentHash.LeafBytes, 0.3);

    /// <summary>Tensors that are each too small for a sample, and together are not.</summary>
    [Test]
    public void Exactly_the_largest_of_the_model_are_kept([Values] Kind kind)
    {
        const int first = Many / 3;
        double[] wanted = Values(kind, Many, RunOptions.DefaultTileBytes / sizeof(float));
        using var folder = new ModelFolder();
        foreach (var (name, values) in new[] { ("base", new double[Many]), ("m0", wanted) })
            folder.Model(name, Tensor("a.weight", values[..first]), Tensor("b.weight", values[first..]));
        double[] x = [.. folder.Values("m0", "a.weight"), .. folder.Values("m0", "b.weight")];
        var (order, magnitudes) = Sorted(x);

        using var backend = new CpuBackend();
        foreach (double density in Densities)
        {
            Recipe recipe = RecipeReader.Resolve(RecipeReader.Parse(Text($"density: {density}, scope: model"), "r.yaml"), folder.Path);
            using var merge = MemoryMerge.Open(recipe, new AlignmentOptions(), backend, new RunOptions());
            MemoryModel merged = merge.Merge(recipe);
            double[] actual = [.. Read(merged, "a.weight"), .. Read(merged, "b.weight")];
            Assert.That(actual.AsSpan().SequenceEqual(Largest(x, order, magnitudes, (int)(density * Many))), Is.True, $"density {density}");
        }
    }

    private static (TensorSpec Spec, byte[] Bytes) Tensor(string name, double[] values) =>
        Merging.Values.Tensor(name, ElementType.F32, [values.Length], i => values[i]);

    private static double[] Read(MemoryModel model, string name)
    {
        ITensorData tensor = model.Find(name)!;
        TypedBytes bytes = tensor.Read(0, (int)tensor.Spec.Shape.ElementCount, default);
        return Merging.Values.Of(bytes.Type, bytes.Bytes.Span.ToArray());
    }

    private static string Text(string parameters) =>
        $"merge_method: ties\nbase_model: base\nparameters: {{{parameters}, normalize: false}}\nmodels:\n  - {{model: m0, parameters: {{weight: 1}}}}\n";

    private static (int[] Order, double[] Magnitudes) Sorted(double[] x)
    {
        int[] order = [.. Enumerable.Range(0, x.Length)];
        double[] magnitudes = [.. x.Select(value => -Math.Abs(value))];
        Array.Sort(magnitudes, order);
        return (order, magnitudes);
    }

    private static void Check(Kind kind, ElementType type, int count, int tileBytes, params double[] densities)
    {
        double[] wanted = Values(kind, count, tileBytes / type.Size);
        using var run = new MethodRun([count], type, wanted) { Options = new RunOptions { TileBytes = tileBytes } }.Add("base", type, new double[count]);
        double[] x = run.Of("m0");
        var (order, magnitudes) = Sorted(x);
        foreach (double density in densities.Length > 0 ? densities : Densities)
        {
            double[] merged = run.Merge(Text($"density: {density}"));
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

        var sample = new RadixSelectSample(count);
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
