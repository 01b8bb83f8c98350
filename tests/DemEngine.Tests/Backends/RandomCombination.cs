using DemEngine.Numerics;

namespace DemEngine.Tests.Backends;

/// <summary>Sums of all shapes: with and without a base, plain and relative terms mixed, weights of every size.</summary>
internal static class RandomCombination
{
    private static readonly float[] Weights =
    [
        0, 0.5f, 1, -1, 1 / 3f, 1e-3f, 1e4f, 0.1f, -0.7f, 0.25f, 2, -0f, 1.9999999f, 1e-7f, -3e-5f, 3e4f,
    ];

    private static readonly float[] ExtremeWeights =
    [
        float.Epsilon, 1e-38f, 1e-30f, 65536, 65537, -1e6f, 1e30f, float.MaxValue, -float.MaxValue, float.PositiveInfinity, float.NaN,
    ];

    public static LinearCombination Next(Random random, int terms, bool isExtreme = false)
    {
        int shape = random.Next(4);
        return new LinearCombination(startsFromBase: random.Next(2) == 0, [.. Enumerable.Range(0, terms).Select(_ => Term(random, shape, isExtreme))]);
    }

    /// <summary>A merge as people write it: base + Σ w(x − base), the weights between 0 and 1.</summary>
    public static LinearCombination Usual(Random random, int terms) =>
        new(startsFromBase: true, [.. Enumerable.Range(0, terms).Select(_ => new Term(random.NextSingle(), TermKind.RelativeToBase))]);

    private static Term Term(Random random, int shape, bool isExtreme)
    {
        float weight = random.Next(4) switch
        {
            0 => (random.NextSingle() * 2) - 1,
            1 when isExtreme => ExtremeWeights[random.Next(ExtremeWeights.Length)],
            _ => Weights[random.Next(Weights.Length)],
        };
        bool isRelative = shape switch { 0 => false, 1 => true, _ => random.Next(2) == 0 };
        return new Term(weight, isRelative ? TermKind.RelativeToBase : TermKind.Plain);
    }
}
