using System.Collections.Immutable;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>
/// Sparsification of one source's differences: the thresholds that it needs, and the mask. A record of all that these depend
/// on, so that equal ones give equal masks of the same tensor.
/// </summary>
internal abstract record Sparsification
{
    /// <summary>Sparsification that drops nothing.</summary>
    public static Sparsification None { get; } = new KeptByMask("density 1", DeltaMask.None);

    /// <summary>Sparsification that drops everything.</summary>
    public static Sparsification All { get; } =
        new KeptByMask("density 0", new MagnitudeMask(Threshold.AboveAll, Threshold.AboveAll));

    /// <summary>Whether nothing is dropped.</summary>
    public bool IsNone => ReferenceEquals(this, None);

    /// <summary>Thresholds that are needed, each by the number of magnitudes above it.</summary>
    public virtual ImmutableArray<ThresholdCount> Counts => [];

    /// <summary>Factor on the kept differences that restores their expectation.</summary>
    public virtual double Correction => 1;

    /// <summary>Whether the mask needs the ranks of the elements within their rows.</summary>
    public virtual bool NeedsRanks => false;

    /// <summary>Makes the mask.</summary>
    /// <param name="thresholds">Thresholds, as many as there are <see cref="Counts"/>, in their order.</param>
    public abstract DeltaMask MaskFor(ReadOnlySpan<Threshold> thresholds);
}
