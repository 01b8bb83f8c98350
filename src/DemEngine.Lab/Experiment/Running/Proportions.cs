using System.Collections.Immutable;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>Shares of the sources in a mixture: several kinds, of which the best is chosen.</summary>
internal static class Proportions
{
    private const string Equal = "equal";
    private const string Size = "by-size";
    private const string Loss = "by-loss";

    /// <summary>Names of all kinds, equal shares first.</summary>
    public static ImmutableArray<string> Kinds { get; } = [Equal, Size, Loss];

    /// <summary>Computes the shares, which need not add up to 1.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="plans">Sources of the mixture.</param>
    /// <param name="losses">Validation loss of the base on each source.</param>
    public static double[] Of(string kind, IReadOnlyList<SourcePlan> plans, IReadOnlyList<double> losses) => kind switch
    {
        Equal => [.. plans.Select(_ => 1.0)],
        Size => [.. plans.Select(plan => (double)plan.TrainExamples)],
        Loss => [.. losses],
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind of proportions"),
    };
}
