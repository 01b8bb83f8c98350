using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>Shares of the sources in mixtures of which the best is chosen.</summary>
internal static class MixtureShares
{
    /// <summary>
    /// Returns the shares of the k-th kind, which need not add up to 1: equal ones, then by the base's loss, then drawn at random
    /// from the exponential distribution, so that every mixture of the sources is as likely as any other.
    /// </summary>
    /// <param name="kind">Index of the kind, from 0.</param>
    /// <param name="losses">Validation loss of the base on each source.</param>
    /// <param name="seed">Seed of the run.</param>
    public static double[] Of(int kind, IReadOnlyList<double> losses, long seed)
    {
        if (kind == 0)
            return [.. losses.Select(_ => 1.0)];
        if (kind == 1)
            return [.. losses];
        var random = new RandomDraw(seed, $"shares {kind}");
        const int resolution = 1 << 20;
        return [.. losses.Select(_ => -Math.Log((random.Below(resolution) + 0.5) / resolution))];
    }
}
