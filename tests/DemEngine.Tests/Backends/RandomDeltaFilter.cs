using DemEngine.Numerics.Deltas;

namespace DemEngine.Tests.Backends;

/// <summary>Filters and weights of every kind.</summary>
internal static class RandomDeltaFilter
{
    private static readonly float[] SomeWeights = [0, 1, -1, 0.5f, 1 / 3f, -0.7f, 1e-3f, 2, 1e4f, -0f];

    /// <param name="random">Which.</param>
    /// <param name="row">Elements in a row.</param>
    /// <param name="count">Elements in all, behind which as many again may lie as the first index says.</param>
    /// <param name="source">To choose thresholds near what there is.</param>
    public static DeltaMask Next(Random random, int row, int count, TestTensor source)
    {
        float some = count == 0 ? 1 : (float)source.Value(random.Next(count));
        var cut = new Threshold(DeltaKey.Of(some * random.NextSingle()), random.Next(-1, count + 5000));
        return random.Next(7) switch
        {
            0 => DeltaMask.None,
            1 => new MagnitudeMask(cut, Threshold.AboveAll),
            2 => new MagnitudeMask(cut, new Threshold(cut.Key + (uint)random.Next(1 << 23), random.Next(-1, count))),
            3 => new BernoulliMask((ulong)random.NextInt64(), random.Next(4) switch { 0 => 0, 1 => 1UL << 32, _ => (ulong)random.NextInt64(1L << 32) }),
            4 => new MagPruneMask((ulong)random.NextInt64(), (ulong)random.NextInt64(1L << 30), (ulong)random.NextInt64(1L << 55), random.Next(2) == 0),
            5 => new ImportanceMask(Factors(random, row, count + 10_000), cut),
            _ => new LimitMask(random.Next(4) == 0 ? 0 : Math.Abs(float.IsNaN(some) ? 1 : some) * random.NextSingle()),
        };
    }

    public static DeltaWeights Weights(Random random) => new(Weight(random), Weight(random), Weight(random));

    public static RowFactors Factors(Random random, int row, int elements) =>
        new(row, [.. Enumerable.Range(0, (elements / row) + 1).Select(_ => random.NextSingle() * MathF.ScaleB(1, -random.Next(30)))]);

    private static float Weight(Random random) => random.Next(2) == 0 ? random.NextSingle() : SomeWeights[random.Next(SomeWeights.Length)];
}
