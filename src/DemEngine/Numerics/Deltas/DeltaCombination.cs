using System.Collections.Immutable;

namespace DemEngine.Numerics.Deltas;

/// <summary>How filtered differences D are mixed to one, m. Sums start at +0 and take the sources in order, in binary64.</summary>
public enum Consensus
{
    /// <summary>m = Σ weightᵢ·Dᵢ.</summary>
    Sum,

    /// <summary>
    /// Of the sources that agree with the majority: s is −1 where Σ voteᵢ·Dᵢ &lt; 0 and else +1; source i agrees unless s·voteᵢ·Dᵢ ≤ 0;
    /// m = Σ weightᵢ·Dᵢ over those that agree.
    /// </summary>
    Agreeing,

    /// <summary>As <see cref="Agreeing"/>, and divided by Σ shareᵢ over those that agree; by 1 where that is 0.</summary>
    AgreeingMean,

    /// <summary>
    /// With k the number of sources in which D is not 0: m = Σ weightᵢ·Dᵢ, which has one part at most, where k ≤ 1, and else (Σ shareᵢ·Dᵢ) / k.
    /// </summary>
    Overlap,
}

/// <summary>What a source counts in <see cref="Consensus"/>.</summary>
/// <param name="Weight">Of its differences in the sum.</param>
/// <param name="Vote">In the choice of the sign.</param>
/// <param name="Share">In the divisor.</param>
internal readonly record struct DeltaWeights(float Weight, float Vote, float Share);

/// <summary>
/// y = b + m, with m mixed from the filtered differences of several sources: the sum b + m is taken in binary64 and rounded once to the output
/// type, nearest even.
/// </summary>
/// <remarks>
/// Every product is of two binary32 numbers and exact in binary64, and no quotient is multiplied, so that fused operations give the same bits.
/// </remarks>
/// <param name="deltas">The sources and their filters.</param>
/// <param name="weights">What each counts.</param>
/// <param name="mixing">How they are mixed.</param>
internal sealed class DeltaCombination(SparseDeltas deltas, ImmutableArray<DeltaWeights> weights, Consensus mixing) : Combination
{
    /// <summary>The sources and their filters.</summary>
    public SparseDeltas Deltas { get; } = deltas;

    /// <summary>What each source counts.</summary>
    public ImmutableArray<DeltaWeights> Weights { get; } =
        weights.Length == deltas.Sources.Length ? weights : throw new ArgumentException("One for each source.", nameof(weights));

    /// <summary>How they are mixed.</summary>
    public Consensus Mixing { get; } = mixing;
}
