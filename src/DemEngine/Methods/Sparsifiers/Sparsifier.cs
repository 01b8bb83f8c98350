using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>How the differences of a source are thinned out to a given density.</summary>
internal abstract class Sparsifier
{
    /// <summary>Parameters that it takes beside the density.</summary>
    public virtual IReadOnlyList<MethodParameter> Parameters => [];

    /// <summary>Whether what is kept is drawn, so that its expectation can be restored.</summary>
    public virtual bool IsRandom => false;

    /// <summary>How much is kept of each source, in words.</summary>
    public virtual string Terms(TensorContext question, double[] densities) =>
        $"density {string.Join(", ", densities.Select(density => density.ToString("R", CultureInfo.InvariantCulture)))}";

    /// <summary>What is to be found out, and the filter that follows.</summary>
    /// <param name="question">The tensor.</param>
    /// <param name="source">Index of the source.</param>
    /// <param name="density">Share of the differences to be kept, between 0 and 1 exclusive.</param>
    /// <param name="isUnbiased">Whether what is kept is to be divided by its probability.</param>
    public abstract Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased);
}

/// <summary>How one source's differences are thinned out.</summary>
/// <param name="Cuts">For each cut through their magnitudes that is needed, of how many elements how many are above it.</param>
/// <param name="Filter">From the cuts to the filter.</param>
internal sealed record Sparsification(ImmutableArray<Func<long, long>> Cuts, Func<ReadOnlySpan<Threshold>, DeltaMask> Filter)
{
    /// <summary>Nothing is dropped.</summary>
    public static Sparsification None { get; } = new([], _ => DeltaMask.None);

    /// <summary>Everything is dropped.</summary>
    public static Sparsification All { get; } = new([], _ => new MagnitudeMask(Threshold.AboveAll, Threshold.AboveAll));

    /// <summary>Whether nothing is dropped.</summary>
    public bool IsNone => ReferenceEquals(this, None);

    /// <summary>What the kept differences are multiplied by to restore their expectation.</summary>
    public double Correction { get; init; } = 1;

    /// <summary>Whether ranks in rows are needed.</summary>
    public bool NeedsRanks { get; init; }
}
