using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>Rule that thins out the differences of a source to a given density.</summary>
internal abstract class Sparsifier
{
    /// <summary>Parameters that the rule takes besides the density.</summary>
    public virtual IReadOnlyList<MethodParameter> Parameters => [];

    /// <summary>Whether the kept differences are drawn at random, so that the expectation can be restored.</summary>
    public virtual bool IsRandom => false;

    /// <summary>Describes how much of each source is kept; see <see cref="Statistic.Terms"/>.</summary>
    public virtual string Terms(TensorContext question, double[] densities) =>
        $"density {string.Join(", ", densities.Select(density => density.ToString("R", CultureInfo.InvariantCulture)))}";

    /// <summary>Defines the thresholds that are needed, and the mask that follows from them.</summary>
    /// <param name="question">Context of the tensor.</param>
    /// <param name="source">Index of the source.</param>
    /// <param name="density">Share of the differences to be kept, between 0 and 1 exclusive.</param>
    /// <param name="isUnbiased">Whether the kept differences are to be divided by the probability of keeping them.</param>
    public abstract Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased);
}

/// <summary>Sparsification of one source's differences: the thresholds that it needs, and the mask.</summary>
/// <param name="Cuts">
/// Functions, one for each threshold, from the number of elements to the number of magnitudes above it.
/// </param>
/// <param name="Filter">Function that makes the mask from the thresholds.</param>
internal sealed record Sparsification(ImmutableArray<Func<long, long>> Cuts, Func<ReadOnlySpan<Threshold>, DeltaMask> Filter)
{
    /// <summary>Sparsification that drops nothing.</summary>
    public static Sparsification None { get; } = new([], _ => DeltaMask.None);

    /// <summary>Sparsification that drops everything.</summary>
    public static Sparsification All { get; } = new([], _ => new MagnitudeMask(Threshold.AboveAll, Threshold.AboveAll));

    /// <summary>Whether nothing is dropped.</summary>
    public bool IsNone => ReferenceEquals(this, None);

    /// <summary>Factor on the kept differences that restores their expectation.</summary>
    public double Correction { get; init; } = 1;

    /// <summary>Whether the mask needs the ranks of the elements within their rows.</summary>
    public bool NeedsRanks { get; init; }
}
